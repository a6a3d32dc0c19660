import { App } from 'antd';
import { useMemo } from 'react';
import { errorText, inOneLine } from '../i18n/error-text.ts';
import { useText } from '../i18n/text.ts';

export interface Confirmation {
  title: string;
  /** A line for each paragraph. */
  text: string;
  action: string;
  danger?: boolean;
}

/** Short messages and questions in the middle of the page. */
export function useFeedback() {
  const { message, modal } = App.useApp();
  const t = useText();
  return useMemo(
    () => ({
      tell: (text: string) => void message.success(text, 2),
      fail: (error: unknown) => {
        void message.error(inOneLine(t, errorText(t, error)), 6);
      },
      confirm: ({ title, text, action, danger = false }: Confirmation): Promise<boolean> =>
        new Promise((resolve) => {
          modal.confirm({
            title,
            content: text,
            className: 'confirmation',
            okText: action,
            cancelText: t('action.cancel'),
            okButtonProps: { danger },
            autoFocusButton: 'cancel',
            centered: true,
            onOk: () => resolve(true),
            onCancel: () => resolve(false),
          });
        }),
    }),
    [message, modal, t],
  );
}
