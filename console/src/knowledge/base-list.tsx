import { FolderOutlined, PlusOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { createKnowledgeBase } from '../api/knowledge.ts';
import type { KnowledgeBase } from '../api/types.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { formatBytes, formatDate, formatNumber } from '../i18n/format.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { Loading } from '../shell/loading.tsx';
import { Logo } from '../shell/logo.tsx';
import { hrefOf, navigate } from '../shell/router.ts';
import type { Loaded } from '../store/use-load.ts';
import { BaseForm } from './base-form.tsx';
import { ORIGINALS } from './originals.ts';
import { useMayEdit } from './permissions.ts';

export function BaseList({ bases }: { bases: Loaded<KnowledgeBase[]> }) {
  const t = useText();
  const mayEdit = useMayEdit();
  const [creating, setCreating] = useState(false);
  const create = async (name: string, description: string) => {
    const created = await createKnowledgeBase(name, description);
    await bases.reload();
    setCreating(false);
    navigate('knowledge', created.id);
  };

  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>{t('room.knowledge')}</h1>
          <p className="muted">{t('knowledge.intro')}</p>
        </div>
        <div className="page-actions">
          <Button href={hrefOf('knowledge', ORIGINALS)} icon={<FolderOutlined />}>
            {t('original.title')}
          </Button>
          {mayEdit && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
              {t('knowledge.create')}
            </Button>
          )}
        </div>
      </header>
      <Loading of={bases} />
      {bases.value?.length === 0 && (
        <div className="empty">
          <Logo size={44} />
          <h2>{t('knowledge.noneTitle')}</h2>
          <p>{mayEdit ? t('knowledge.noneText') : t('knowledge.noneReader')}</p>
        </div>
      )}
      <ul className="base-cards">
        {bases.value?.map((base) => (
          <BaseCard key={base.id} base={base} />
        ))}
      </ul>
      {creating && (
        <BaseForm
          title={t('knowledge.create')}
          base={null}
          onSubmit={create}
          onClose={() => setCreating(false)}
        />
      )}
    </div>
  );
}

function BaseCard({ base }: { base: KnowledgeBase }) {
  const t = useText();
  const language = useLanguage();
  const counts = base.file_counts;
  return (
    <li>
      <a className="base-card" href={hrefOf('knowledge', base.id)}>
        <span className="base-card-name">
          <strong>{inLanguage(language, base.name)}</strong>
          {base.is_default === true && <span className="chip">{t('knowledge.default')}</span>}
        </span>
        {base.description && <span className="muted">{inLanguage(language, base.description)}</span>}
        <span className="base-card-facts">
          {counts !== undefined && (
            <span>{t('knowledge.documents', { count: formatNumber(language, counts.total) })}</span>
          )}
          {base.usage_bytes !== undefined && base.usage_bytes > 0 && (
            <span>{formatBytes(language, base.usage_bytes)}</span>
          )}
          {counts !== undefined && counts.in_progress > 0 && (
            <span className="good">{t('knowledge.inProgress', { count: counts.in_progress })}</span>
          )}
          {counts !== undefined && counts.failed > 0 && (
            <span className="bad">{t('knowledge.failed', { count: counts.failed })}</span>
          )}
          <span>{formatDate(language, base.created_at)}</span>
        </span>
      </a>
    </li>
  );
}
