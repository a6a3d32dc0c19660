import { DeleteOutlined, EditOutlined, PlusOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import {
  type AlertChannel,
  type AlertMessage,
  deleteChannel,
  listChannels,
  listMessages,
  testChannel,
} from '../../api/operations.ts';
import { session } from '../../api/session.ts';
import { errorText, failureText, inOneLine } from '../../i18n/error-text.ts';
import { formatDateTime } from '../../i18n/format.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { Loading } from '../../shell/loading.tsx';
import { useFeedback } from '../../shell/use-feedback.ts';
import { useObservable } from '../../store/observable.ts';
import { useLoad } from '../../store/use-load.ts';
import { usePoll } from '../../store/use-poll.ts';
import { ChannelForm } from './channel-form.tsx';

const MESSAGES_INTERVAL_MS = 10_000;

/** Where alerts go: who is told, whether it works, and what was sent. For owners. */
export function Channels() {
  const t = useText();
  const { confirm, fail } = useFeedback();
  const { generation } = useObservable(session);
  const channels = useLoad(`channels:${generation}`, listChannels);
  const messages = usePoll('messages', listMessages, MESSAGES_INTERVAL_MS);
  const [editing, setEditing] = useState<AlertChannel | 'new' | null>(null);
  const remove = async (channel: AlertChannel) => {
    const text = t('channel.deleteText', { name: channel.name });
    const question = { title: t('channel.deleteTitle'), text, action: t('action.delete'), danger: true };
    if (!(await confirm(question))) return;
    await deleteChannel(channel.id);
    await channels.reload();
  };
  return (
    <>
      <Loading of={channels} />
      {channels.value?.length === 0 && <p className="muted">{t('channel.none')}</p>}
      <ul className="lines">
        {(channels.value ?? []).map((channel) => (
          <ChannelRow
            key={channel.id}
            channel={channel}
            onTested={messages.readNow}
            onEdit={() => setEditing(channel)}
            onDelete={() => void remove(channel).catch(fail)}
          />
        ))}
      </ul>
      <div className="channel-add">
        <Button icon={<PlusOutlined />} onClick={() => setEditing('new')}>
          {t('channel.add')}
        </Button>
      </div>
      <Messages messages={messages.value ?? []} channels={channels.value ?? []} />
      {editing !== null && (
        <ChannelForm
          channel={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onSaved={() => {
            setEditing(null);
            void channels.reload();
          }}
        />
      )}
    </>
  );
}

interface ChannelRowProps {
  channel: AlertChannel;
  onTested: () => void;
  onEdit: () => void;
  onDelete: () => void;
}

type Outcome = { isGood: boolean; text: string };

function ChannelRow({ channel, onTested, onEdit, onDelete }: ChannelRowProps) {
  const t = useText();
  const [isTesting, setIsTesting] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const { name, kind, settings } = channel;
  const test = async () => {
    setIsTesting(true);
    setOutcome(null);
    try {
      setOutcome(outcomeOf(await testChannel(channel.id)));
    } catch (error) {
      setOutcome({ isGood: false, text: inOneLine(t, errorText(t, error)) });
    } finally {
      setIsTesting(false);
      onTested();
    }
  };
  const outcomeOf = ({ status, failure }: AlertMessage): Outcome => {
    if (status === 'completed') return { isGood: true, text: t('channel.arrived') };
    if (failure === null) return { isGood: false, text: t('channel.underway') };
    const text = inOneLine(t, failureText(t, failure.code ?? null, failure.message));
    return { isGood: false, text: `${text} (${failure.message})` };
  };
  return (
    <li data-channel={channel.id}>
      <div className="row-between">
        <div className="channel-text">
          <span>
            <strong>{name}</strong> <span className="state is-open">{t(`channelKind.${kind}`)}</span>
            {channel.disabled && <span className="state is-off">{t('channel.disabled')}</span>}
          </span>
          <span className="muted small">
            {settings.address ?? (settings.to ?? []).join(', ')} · {t(`severityFrom.${channel.min_severity}`)}{' '}
            · {t(`language.${channel.language}`)}
          </span>
        </div>
        <div className="row-end">
          <Button
            size="small"
            loading={isTesting}
            onClick={() => void test()}
            aria-label={t('channel.testOf', { name })}
          >
            {t('channel.test')}
          </Button>
          <Button
            size="small"
            icon={<EditOutlined />}
            aria-label={t('channel.editOf', { name })}
            onClick={onEdit}
          />
          <Button
            size="small"
            danger
            icon={<DeleteOutlined />}
            aria-label={t('channel.deleteOf', { name })}
            onClick={onDelete}
          />
        </div>
      </div>
      <div role="status" aria-live="polite">
        {outcome !== null && (
          <p className={`notice small is-${outcome.isGood ? 'good' : 'bad'}`}>{outcome.text}</p>
        )}
      </div>
    </li>
  );
}

function Messages({
  messages,
  channels,
}: {
  messages: readonly AlertMessage[];
  channels: readonly AlertChannel[];
}) {
  const t = useText();
  const language = useLanguage();
  if (messages.length === 0) return null;
  return (
    <details className="more">
      <summary>{t('message.title')}</summary>
      <ul className="lines">
        {messages.map(({ id, channel_id, is_test, alerts, status, failure, created_at }) => (
          <li key={id}>
            <span className="muted small">{formatDateTime(language, created_at)}</span>
            <strong>
              {channels.find((channel) => channel.id === channel_id)?.name ?? t('message.gone')}
            </strong>
            <span>{is_test ? t('message.test') : alerts.map(({ rule }) => rule).join(', ')}</span>
            <span className={status === 'failed' ? 'bad' : 'muted'} title={failure?.message}>
              {t(`messageStatus.${status}` as 'messageStatus.queued')}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
