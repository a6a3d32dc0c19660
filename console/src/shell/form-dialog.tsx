import { Button, Modal } from 'antd';
import type { ReactNode } from 'react';
import { useText } from '../i18n/text.ts';
import { useSubmission } from '../store/use-submission.ts';
import { ErrorNotice } from './error-notice.tsx';
import { useFocusReturn } from './use-focus-return.ts';

export interface FormDialogProps {
  title: string;
  /** What the button that sends it says; null where the person may only look. */
  action: string | null;
  danger?: boolean;
  widthPx?: number;
  /** Whether everything needed is filled in. */
  isReady: boolean;
  /** The dialog stays open, and says why, when this rejects. */
  onSubmit: () => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

export function FormDialog(props: FormDialogProps) {
  const { title, action, danger = false, widthPx = 440, isReady, onSubmit, onClose, children } = props;
  const t = useText();
  const { busy, error, submit } = useSubmission(onSubmit);
  useFocusReturn();
  return (
    <Modal open centered footer={null} width={widthPx} title={title} onCancel={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && action !== null) void submit();
        }}
      >
        {children}
        {error !== null && <ErrorNotice error={error} />}
        {action !== null && (
          <div className="row-end">
            <Button onClick={onClose}>{t('action.cancel')}</Button>
            <Button type="primary" danger={danger} htmlType="submit" loading={busy} disabled={!isReady}>
              {action}
            </Button>
          </div>
        )}
      </form>
    </Modal>
  );
}
