import { SearchOutlined } from '@ant-design/icons';
import { Input } from 'antd';

export interface FilterInputProps {
  value: string;
  label: string;
  onChange: (value: string) => void;
}

/** Narrows a list that is on the screen already. */
export function FilterInput({ value, label, onChange }: FilterInputProps) {
  return (
    <Input
      className="filter"
      prefix={<SearchOutlined />}
      allowClear
      placeholder={label}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
