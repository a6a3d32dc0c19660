import { BookOutlined, CheckOutlined, DownOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import type { KnowledgeBase } from '../../api/types.ts';
import { inLanguage } from '../../i18n/bilingual.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { chosenBaseIds, type KnowledgeChoice, toggled } from './knowledge-choice.ts';

export interface KnowledgePickerProps {
  bases: readonly KnowledgeBase[] | null;
  choice: KnowledgeChoice;
  onChoose: (choice: KnowledgeChoice) => void;
}

/** Which documents a question is asked of. */
export function KnowledgePicker({ bases, choice, onChoose }: KnowledgePickerProps) {
  const t = useText();
  const language = useLanguage();
  const isNone = choice !== 'default' && choice.length === 0;
  const ids = chosenBaseIds(choice, bases) ?? [];
  const named = (bases ?? []).filter((base) => ids.includes(base.id));
  const label = isNone
    ? t('picker.none')
    : named.length === 1
      ? inLanguage(language, named[0]?.name ?? '')
      : named.length > 1
        ? t('picker.several', { count: named.length })
        : t('picker.default');
  const tick = (isOn: boolean) => <CheckOutlined style={{ visibility: isOn ? 'visible' : 'hidden' }} />;

  return (
    <Dropdown
      trigger={['click']}
      placement="topLeft"
      menu={{
        onClick: ({ key }) =>
          onChoose(key === 'default' ? 'default' : key === 'none' ? [] : toggled(choice, key)),
        items: [
          { key: 'default', icon: tick(choice === 'default'), label: t('picker.default') },
          { type: 'divider' },
          ...(bases ?? []).map((base) => ({
            key: base.id,
            icon: tick(choice !== 'default' && choice.includes(base.id)),
            label: inLanguage(language, base.name),
          })),
          { type: 'divider' },
          { key: 'none', icon: tick(isNone), label: t('picker.none') },
        ],
      }}
    >
      <Button
        type="text"
        size="small"
        className="picker"
        icon={<BookOutlined />}
        aria-label={t('picker.label')}
      >
        <span className="picker-name">{label}</span>
        <DownOutlined className="picker-arrow" />
      </Button>
    </Dropdown>
  );
}
