import type { ReactNode } from 'react';
import { useText } from '../i18n/text.ts';

export interface DataTableProps {
  /** A column of numbers is set to the right. */
  columns: readonly (string | { label: string; isNumber: true })[];
  /** Rows, whose last cell holds what can be done. On a phone each of them is a card. */
  children: ReactNode;
}

export function DataTable({ columns, children }: DataTableProps) {
  const t = useText();
  return (
    <table className="data-table">
      <thead>
        <tr>
          {columns.map((column) =>
            typeof column === 'string' ? (
              <th key={column} scope="col">
                {column}
              </th>
            ) : (
              <th key={column.label} scope="col" className="number">
                {column.label}
              </th>
            ),
          )}
          <th scope="col">
            <span className="visually-hidden">{t('table.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
