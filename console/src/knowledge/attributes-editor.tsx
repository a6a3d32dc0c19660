import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Input } from 'antd';
import { useState } from 'react';
import { setAttributes } from '../api/knowledge.ts';
import type { KnowledgeDocument } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { FormDialog } from '../shell/form-dialog.tsx';
import { attributesOf } from './typed-attributes.ts';

export interface AttributesEditorProps {
  baseId: string;
  document: KnowledgeDocument;
  mayEdit: boolean;
  onClose: () => void;
  onSaved: () => void;
}

/** The limit of the OpenAI surface. */
const maxAttributes = 16;

interface Row {
  key: number;
  name: string;
  value: string;
}

/** Names and values by which searches can be narrowed. */
export function AttributesEditor({ baseId, document, mayEdit, onClose, onSaved }: AttributesEditorProps) {
  const t = useText();
  const [rows, setRows] = useState<Row[]>(() =>
    Object.entries(document.attributes ?? {}).map(([name, value], key) => ({
      key,
      name,
      value: String(value),
    })),
  );
  const change = (key: number, part: Partial<Row>) =>
    setRows(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));

  const save = async () => {
    await setAttributes(baseId, document.id, attributesOf(rows));
    onSaved();
  };

  return (
    <FormDialog
      title={t('document.attributes')}
      action={mayEdit ? t('action.save') : null}
      widthPx={520}
      isReady
      onSubmit={save}
      onClose={onClose}
    >
      <p className="muted">{t('attributes.text')}</p>
      {rows.map(({ key, name, value }) => (
        <div key={key} className="attribute-row">
          <Input
            value={name}
            maxLength={64}
            disabled={!mayEdit}
            aria-label={t('attributes.name')}
            placeholder={t('attributes.name')}
            onChange={(event) => change(key, { name: event.target.value })}
          />
          <Input
            value={value}
            maxLength={512}
            disabled={!mayEdit}
            aria-label={t('attributes.value')}
            placeholder={t('attributes.value')}
            onChange={(event) => change(key, { value: event.target.value })}
          />
          <Button
            type="text"
            icon={<DeleteOutlined />}
            disabled={!mayEdit}
            aria-label={t('action.delete')}
            onClick={() => setRows(rows.filter((row) => row.key !== key))}
          />
        </div>
      ))}
      {mayEdit && rows.length < maxAttributes && (
        <Button
          type="dashed"
          icon={<PlusOutlined />}
          onClick={() => setRows([...rows, { key: (rows.at(-1)?.key ?? -1) + 1, name: '', value: '' }])}
        >
          {t('attributes.add')}
        </Button>
      )}
    </FormDialog>
  );
}
