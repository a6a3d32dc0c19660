import { GlobalOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { chooseLanguage, useLanguage, useText } from '../i18n/text.ts';

/** Names the other language in that language. */
export function LanguageSwitch() {
  const t = useText();
  const current = useLanguage();
  const other = current === 'zh' ? 'en' : 'zh';
  return (
    <Button type="text" icon={<GlobalOutlined />} onClick={() => chooseLanguage(other)}>
      {t('language.other')}
    </Button>
  );
}
