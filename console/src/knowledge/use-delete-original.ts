import { deleteOriginal, getOriginal, listKnowledgeBases } from '../api/knowledge.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { useFeedback } from '../shell/use-feedback.ts';

/** Deletes a file for good once the person has seen where it is used. Resolves to whether it was deleted. */
export function useDeleteOriginal(): (fileId: string) => Promise<boolean> {
  const t = useText();
  const language = useLanguage();
  const { confirm, tell } = useFeedback();
  return async (fileId) => {
    // Asked anew: somebody else may have put it to use since the list was loaded.
    const [{ filename, vector_store_ids: ids }, bases] = await Promise.all([
      getOriginal(fileId),
      listKnowledgeBases(),
    ]);
    const names = bases.filter(({ id }) => ids.includes(id)).map(({ name }) => inLanguage(language, name));
    const uses =
      names.length === 0
        ? t('original.deleteUnused', { filename })
        : t('original.deleteUsed', { filename, names: names.join(t('original.and')) });
    const isSure = await confirm({
      title: t('original.deleteTitle'),
      text: `${uses}\n${t('original.deleteText')}`,
      action: t('original.delete'),
      danger: true,
    });
    if (!isSure) return false;
    await deleteOriginal(fileId);
    tell(t('original.deleted'));
    return true;
  };
}
