import {
  ArrowLeftOutlined,
  DeleteOutlined,
  EditOutlined,
  EllipsisOutlined,
  StarOutlined,
  SyncOutlined,
} from '@ant-design/icons';
import { Button, Dropdown, Tabs } from 'antd';
import { useState } from 'react';
import { rebuildKnowledgeBase, updateKnowledgeBase } from '../api/knowledge.ts';
import type { KnowledgeBase } from '../api/types.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { hrefOf, navigate } from '../shell/router.ts';
import { useFeedback } from '../shell/use-feedback.ts';
import { BaseForm } from './base-form.tsx';
import { DeleteBase } from './delete-base.tsx';
import { DocumentsTab } from './documents-tab.tsx';
import { useMayEdit } from './permissions.ts';
import { SearchTab } from './search-tab.tsx';

export interface BasePageProps {
  base: KnowledgeBase;
  generation: number;
  onChanged: () => Promise<void>;
}

export function BasePage({ base, generation, onChanged }: BasePageProps) {
  const t = useText();
  const language = useLanguage();
  const mayEdit = useMayEdit();
  const embedder = base.generation?.embedder;
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <a className="back" href={hrefOf('knowledge')}>
            <ArrowLeftOutlined /> {t('room.knowledge')}
          </a>
          <h1>
            {inLanguage(language, base.name)}{' '}
            {base.is_default === true && <span className="chip">{t('knowledge.default')}</span>}
          </h1>
          {base.description && <p className="muted">{inLanguage(language, base.description)}</p>}
          <p className="muted small">
            {embedder ? t('knowledge.hybrid', { embedder }) : t('knowledge.lexical')}
            {base.generation?.building ? ` · ${t('knowledge.building')}` : ''}
          </p>
        </div>
        {mayEdit && <BaseMenu base={base} onChanged={onChanged} />}
      </header>
      <Tabs
        items={[
          {
            key: 'documents',
            label: t('knowledge.documentsTab'),
            children: <DocumentsTab base={base} generation={generation} onChanged={onChanged} />,
          },
          { key: 'search', label: t('knowledge.searchTab'), children: <SearchTab base={base} /> },
        ]}
      />
    </div>
  );
}

function BaseMenu({ base, onChanged }: { base: KnowledgeBase; onChanged: () => Promise<void> }) {
  const t = useText();
  const language = useLanguage();
  const { tell, fail } = useFeedback();
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null);

  const choose = async (key: string) => {
    if (key === 'edit' || key === 'delete') setOpen(key);
    else if (key === 'default') {
      await updateKnowledgeBase(base.id, { is_default: true });
      await onChanged();
      tell(t('knowledge.defaultSet'));
    } else {
      await rebuildKnowledgeBase(base.id);
      await onChanged();
      tell(t('knowledge.rebuildStarted'));
    }
  };
  const save = async (name: string, description: string) => {
    await updateKnowledgeBase(base.id, { name, description });
    await onChanged();
    setOpen(null);
  };

  return (
    <>
      <Dropdown
        trigger={['click']}
        menu={{
          onClick: ({ key }) => choose(key).catch(fail),
          items: [
            { key: 'edit', icon: <EditOutlined />, label: t('knowledge.edit') },
            {
              key: 'default',
              icon: <StarOutlined />,
              label: t('knowledge.setDefault'),
              disabled: base.is_default === true,
            },
            { key: 'rebuild', icon: <SyncOutlined />, label: t('knowledge.rebuild') },
            { type: 'divider' },
            { key: 'delete', icon: <DeleteOutlined />, label: t('action.delete'), danger: true },
          ],
        }}
      >
        <Button
          icon={<EllipsisOutlined />}
          aria-label={t('knowledge.menuOf', { name: inLanguage(language, base.name) })}
        />
      </Dropdown>
      {open === 'edit' && (
        <BaseForm title={t('knowledge.edit')} base={base} onSubmit={save} onClose={() => setOpen(null)} />
      )}
      {open === 'delete' && (
        <DeleteBase
          base={base}
          onClose={() => setOpen(null)}
          onDeleted={() => {
            navigate('knowledge', null, { replace: true });
            void onChanged();
          }}
        />
      )}
    </>
  );
}
