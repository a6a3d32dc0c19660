import { Button, Checkbox } from 'antd';
import { useState } from 'react';
import { allowModes, listWorkspaces, type WorkspaceSettings } from '../../api/operations.ts';
import { currentWorkspace, session } from '../../api/session.ts';
import type { AnswerMode } from '../../api/types.ts';
import { inLanguage } from '../../i18n/bilingual.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { FormDialog } from '../../shell/form-dialog.tsx';
import { Loading } from '../../shell/loading.tsx';
import { useObservable } from '../../store/observable.ts';
import { useLoad } from '../../store/use-load.ts';

const LESSER_MODES = ['fallback-model', 'keyword-only', 'no-knowledge', 'extractive'] as const;

/** In which lesser modes a workspace may be answered: owners change it, others see that of their own. */
export function AllowedModes({ own, onChanged }: { own: readonly AnswerMode[]; onChanged: () => void }) {
  const t = useText();
  const workspace = currentWorkspace(useObservable(session));
  return (
    <section aria-labelledby="allowed-modes">
      <h2 id="allowed-modes" className="section-title">
        {t('allowed.title')} <span className="muted small">{t('allowed.text')}</span>
      </h2>
      {workspace?.role === 'owner' ? <OwnWorkspaces onChanged={onChanged} /> : <ModeList modes={own} />}
    </section>
  );
}

function ModeList({ modes }: { modes: readonly AnswerMode[] }) {
  const t = useText();
  return (
    <ul className="tags">
      {LESSER_MODES.map((mode) => {
        const isAllowed = modes.includes(mode);
        return (
          <li key={mode} className={isAllowed ? 'state is-good' : 'state is-off'}>
            {t(isAllowed ? 'allowed.yes' : 'allowed.no', { mode: t(`mode.${mode}`) })}
          </li>
        );
      })}
    </ul>
  );
}

function OwnWorkspaces({ onChanged }: { onChanged: () => void }) {
  const t = useText();
  const language = useLanguage();
  const { generation } = useObservable(session);
  const workspaces = useLoad(`workspaces:${generation}`, listWorkspaces);
  const [changing, setChanging] = useState<WorkspaceSettings | null>(null);
  return (
    <>
      <Loading of={workspaces} />
      <ul className="lines">
        {(workspaces.value ?? []).map((workspace) => (
          <li key={workspace.id} className="row-between">
            <div>
              <strong>{inLanguage(language, workspace.name)}</strong>
              <ModeList modes={workspace.allowed_modes} />
            </div>
            {workspace.role === 'owner' && (
              <Button
                onClick={() => setChanging(workspace)}
                aria-label={t('allowed.changeOf', { name: inLanguage(language, workspace.name) })}
              >
                {t('allowed.change')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {changing !== null && (
        <AllowedModesForm
          workspace={changing}
          onClose={() => setChanging(null)}
          onSaved={() => {
            setChanging(null);
            void workspaces.reload();
            onChanged();
          }}
        />
      )}
    </>
  );
}

interface AllowedModesFormProps {
  workspace: WorkspaceSettings;
  onClose: () => void;
  onSaved: () => void;
}

function AllowedModesForm({ workspace, onClose, onSaved }: AllowedModesFormProps) {
  const t = useText();
  const language = useLanguage();
  const [modes, setModes] = useState<readonly AnswerMode[]>(workspace.allowed_modes);
  return (
    <FormDialog
      title={t('allowed.changeOf', { name: inLanguage(language, workspace.name) })}
      action={t('action.save')}
      isReady
      onSubmit={async () => {
        await allowModes(workspace.id, modes);
        onSaved();
      }}
      onClose={onClose}
    >
      <p className="muted">{t('allowed.consequence')}</p>
      {LESSER_MODES.map((mode) => (
        <Checkbox
          key={mode}
          checked={modes.includes(mode)}
          onChange={({ target }) =>
            setModes(target.checked ? [...modes, mode] : modes.filter((other) => other !== mode))
          }
        >
          <span className="choice">
            <strong>{t(`mode.${mode}`)}</strong>
            <span className="muted small">{t(`mode.${mode}.text`)}</span>
          </span>
        </Checkbox>
      ))}
    </FormDialog>
  );
}
