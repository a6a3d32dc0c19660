import { StarOutlined } from '@ant-design/icons';
import { Button, Dropdown, Tooltip } from 'antd';
import { useState } from 'react';
import { type GoldenSet, listGoldenSets, questionFromAnswer } from '../../api/evaluation.ts';
import { useText } from '../../i18n/text.ts';
import { useMayEdit } from '../../knowledge/permissions.ts';
import { useFeedback } from '../../shell/use-feedback.ts';

/** Makes a draft of a golden question from this turn, in a set of the person's choice. */
export function GoldenButton({ responseId }: { responseId: string }) {
  const t = useText();
  const { fail, tell } = useFeedback();
  const mayEdit = useMayEdit();
  const [sets, setSets] = useState<readonly GoldenSet[]>([]);
  if (!mayEdit) return null;
  const items =
    sets.length === 0
      ? [{ key: 'none', disabled: true, label: t('quality.noSets') }]
      : sets.map(({ id, name }) => ({ key: id, label: name }));
  const draft = async (setId: string) => {
    await questionFromAnswer(setId, responseId);
    tell(t('quality.drafted'));
  };
  return (
    <Dropdown
      trigger={['click']}
      menu={{ items, onClick: ({ key }) => void draft(key).catch(fail) }}
      onOpenChange={(isOpen) => {
        if (isOpen) void listGoldenSets().then(setSets, fail);
      }}
    >
      <Tooltip title={t('quality.fromAnswer')}>
        <Button type="text" size="small" aria-label={t('quality.fromAnswer')} icon={<StarOutlined />} />
      </Tooltip>
    </Dropdown>
  );
}
