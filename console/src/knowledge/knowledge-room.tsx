import { listKnowledgeBases } from '../api/knowledge.ts';
import { session } from '../api/session.ts';
import { useObservable } from '../store/observable.ts';
import { useLoad } from '../store/use-load.ts';
import { BaseList } from './base-list.tsx';
import { BasePage } from './base-page.tsx';
import { ORIGINALS } from './originals.ts';
import { OriginalsPage } from './originals-page.tsx';
import './knowledge.css';
import './document-details.css';

export default function KnowledgeRoom({ id }: { id: string | null }) {
  const { generation } = useObservable(session);
  const bases = useLoad(`bases:${generation}`, listKnowledgeBases);
  const base = bases.value?.find((candidate) => candidate.id === id);
  if (id !== null && base !== undefined) {
    return <BasePage key={base.id} base={base} onChanged={bases.reload} generation={generation} />;
  }
  if (id === ORIGINALS) return <OriginalsPage bases={bases.value ?? []} onChanged={bases.reload} />;
  return <BaseList bases={bases} />;
}
