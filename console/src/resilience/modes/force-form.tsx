import { Checkbox, Input, Radio } from 'antd';
import { useId, useState } from 'react';
import { type DependencyState, type Forcing, forceDependency } from '../../api/operations.ts';
import { useText } from '../../i18n/text.ts';
import { FormDialog } from '../../shell/form-dialog.tsx';
import { nameOf } from './dependency-name.ts';

const FORCINGS: readonly Forcing[] = ['auto', 'open', 'closed'];

interface ForceFormProps {
  dependency: DependencyState;
  onClose: () => void;
  onSet: () => void;
}

/** Sets a breaker for all processes. What it means stands beside each choice, and has to be confirmed. */
export function ForceForm({ dependency, onClose, onSet }: ForceFormProps) {
  const t = useText();
  const id = useId();
  const [forced, setForced] = useState<Forcing>(dependency.forced);
  const [note, setNote] = useState('');
  const [isSure, setIsSure] = useState(false);
  const isManual = forced !== 'auto';
  return (
    <FormDialog
      title={t('force.of', { name: nameOf(t, dependency.name) })}
      action={t('force.submit')}
      danger={forced === 'open'}
      isReady={forced !== dependency.forced && (!isManual || isSure)}
      onSubmit={async () => {
        await forceDependency(dependency.name, forced, note.trim());
        onSet();
      }}
      onClose={onClose}
    >
      <Radio.Group
        value={forced}
        aria-label={t('force.open')}
        onChange={({ target }) => {
          setForced(target.value as Forcing);
          setIsSure(false);
        }}
        className="choices"
      >
        {FORCINGS.map((one) => (
          <Radio key={one} value={one}>
            <span className="choice">
              <strong>{t(`forced.${one}`)}</strong>
              <span className="muted small">{t(`forcedText.${one}`)}</span>
            </span>
          </Radio>
        ))}
      </Radio.Group>
      <label htmlFor={`${id}-note`}>{t('force.note')}</label>
      <Input
        id={`${id}-note`}
        autoComplete="off"
        maxLength={500}
        value={note}
        placeholder={t('force.notePlaceholder')}
        onChange={(event) => setNote(event.target.value)}
      />
      {isManual && forced !== dependency.forced && (
        <Checkbox checked={isSure} onChange={({ target }) => setIsSure(target.checked)}>
          {t('force.sure')}
        </Checkbox>
      )}
    </FormDialog>
  );
}
