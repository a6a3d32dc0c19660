import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button, Input, Modal } from 'antd';
import { useState } from 'react';
import { useText } from '../i18n/text.ts';
import { copyText } from '../shell/download.ts';
import { useFeedback } from '../shell/use-feedback.ts';
import { useFocusReturn } from '../shell/use-focus-return.ts';

/** A password or key that nobody, the server included, can show again. */
export function SecretOnce({
  title,
  secret,
  onClose,
}: {
  title: string;
  secret: string;
  onClose: () => void;
}) {
  const t = useText();
  const { fail } = useFeedback();
  const [copied, setCopied] = useState(false);
  useFocusReturn();
  const copy = () => copyText(secret).then(() => setCopied(true), fail);
  return (
    <Modal
      open
      centered
      title={title}
      width={520}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      footer={
        <Button type="primary" onClick={onClose}>
          {t('secret.kept')}
        </Button>
      }
    >
      <div className="stack">
        <p>{t('secret.once')}</p>
        <div className="secret">
          <Input readOnly value={secret} aria-label={title} onFocus={(event) => event.target.select()} />
          <Button icon={copied ? <CheckOutlined /> : <CopyOutlined />} onClick={() => void copy()}>
            {copied ? t('action.copied') : t('action.copy')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
