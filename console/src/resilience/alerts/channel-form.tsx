import { Checkbox, Input, InputNumber, Select } from 'antd';
import { useId, useState } from 'react';
import { type AlertChannel, changeChannel, createChannel } from '../../api/operations.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { FormDialog } from '../../shell/form-dialog.tsx';
import {
  bodyOf,
  CHANNEL_KINDS,
  type ChannelFields,
  fieldsOf,
  hasSecret,
  isComplete,
  SECURITIES,
  SEVERITIES,
} from './channel-fields.ts';

interface ChannelFormProps {
  /** Null for a new one. */
  channel: AlertChannel | null;
  onClose: () => void;
  onSaved: () => void;
}

type Change = (change: Partial<ChannelFields>) => void;

export function ChannelForm({ channel, onClose, onSaved }: ChannelFormProps) {
  const t = useText();
  const language = useLanguage();
  const id = useId();
  const isNew = channel === null;
  const [fields, setFields] = useState(() => fieldsOf(channel, language));
  const change: Change = (some) => setFields((old) => ({ ...old, ...some }));
  return (
    <FormDialog
      title={isNew ? t('channel.add') : t('channel.editOf', { name: channel.name })}
      action={t('action.save')}
      isReady={isComplete(fields, isNew)}
      onSubmit={async () => {
        const body = bodyOf(fields, isNew);
        await (isNew ? createChannel(body) : changeChannel(channel.id, body));
        onSaved();
      }}
      onClose={onClose}
    >
      {isNew && (
        <>
          <label htmlFor={`${id}-kind`}>{t('channel.kind')}</label>
          <Select
            id={`${id}-kind`}
            value={fields.kind}
            onChange={(kind) => change({ kind })}
            options={CHANNEL_KINDS.map((value) => ({ value, label: t(`channelKind.${value}`) }))}
          />
          <p className="muted small">{t(`channelHow.${fields.kind}`)}</p>
        </>
      )}
      <label htmlFor={`${id}-name`}>{t('channel.name')}</label>
      <Input
        id={`${id}-name`}
        autoComplete="off"
        maxLength={100}
        value={fields.name}
        placeholder={t('channel.namePlaceholder')}
        onChange={({ target }) => change({ name: target.value })}
      />
      {fields.kind === 'email' ? (
        <MailFields id={id} fields={fields} isNew={isNew} change={change} />
      ) : (
        <AddressFields
          id={id}
          fields={fields}
          shown={channel?.settings.address}
          isNew={isNew}
          change={change}
        />
      )}
      <label htmlFor={`${id}-severity`}>{t('channel.minSeverity')}</label>
      <Select
        id={`${id}-severity`}
        value={fields.minSeverity}
        onChange={(minSeverity) => change({ minSeverity })}
        options={SEVERITIES.map((value) => ({ value, label: t(`severityFrom.${value}`) }))}
      />
      <label htmlFor={`${id}-language`}>{t('channel.language')}</label>
      <Select
        id={`${id}-language`}
        value={fields.language}
        onChange={(value) => change({ language: value })}
        options={(['zh', 'en'] as const).map((value) => ({ value, label: t(`language.${value}`) }))}
      />
      <Checkbox checked={!fields.disabled} onChange={({ target }) => change({ disabled: !target.checked })}>
        {t('channel.enabled')}
      </Checkbox>
    </FormDialog>
  );
}

interface PartProps {
  id: string;
  fields: ChannelFields;
  isNew: boolean;
  change: Change;
}

function AddressFields({ id, fields, shown, isNew, change }: PartProps & { shown: string | undefined }) {
  const t = useText();
  return (
    <>
      <label htmlFor={`${id}-url`}>{t('channel.url')}</label>
      <Input
        id={`${id}-url`}
        type="url"
        autoComplete="off"
        value={fields.url}
        placeholder={isNew ? 'https://' : t('channel.keptAddress', { address: shown ?? '' })}
        onChange={({ target }) => change({ url: target.value })}
      />
      {hasSecret(fields.kind) && (
        <>
          <label htmlFor={`${id}-secret`}>{t('channel.secret')}</label>
          <Input.Password
            id={`${id}-secret`}
            autoComplete="new-password"
            value={fields.secret}
            placeholder={t(isNew ? 'channel.optional' : 'channel.kept')}
            onChange={({ target }) => change({ secret: target.value })}
          />
        </>
      )}
    </>
  );
}

function MailFields({ id, fields, isNew, change }: PartProps) {
  const t = useText();
  return (
    <>
      <label htmlFor={`${id}-host`}>{t('channel.host')}</label>
      <div className="field-row">
        <Input
          id={`${id}-host`}
          autoComplete="off"
          value={fields.host}
          placeholder="smtp.example.com"
          onChange={({ target }) => change({ host: target.value })}
        />
        <InputNumber
          min={1}
          max={65_535}
          precision={0}
          value={fields.port}
          aria-label={t('channel.port')}
          onChange={(port) => change({ port: port ?? 465 })}
        />
        <Select
          value={fields.security}
          aria-label={t('channel.security')}
          onChange={(security) => change({ security })}
          options={SECURITIES.map((value) => ({ value, label: t(`mailSecurity.${value}`) }))}
        />
      </div>
      <label htmlFor={`${id}-username`}>{t('channel.username')}</label>
      <Input
        id={`${id}-username`}
        autoComplete="off"
        value={fields.username}
        placeholder={t('channel.optional')}
        onChange={({ target }) => change({ username: target.value })}
      />
      <label htmlFor={`${id}-password`}>{t('channel.password')}</label>
      <Input.Password
        id={`${id}-password`}
        autoComplete="new-password"
        value={fields.password}
        placeholder={t(isNew ? 'channel.optional' : 'channel.kept')}
        onChange={({ target }) => change({ password: target.value })}
      />
      <label htmlFor={`${id}-from`}>{t('channel.from')}</label>
      <Input
        id={`${id}-from`}
        autoComplete="off"
        value={fields.from}
        placeholder="budao@example.com"
        onChange={({ target }) => change({ from: target.value })}
      />
      <label htmlFor={`${id}-to`}>{t('channel.to')}</label>
      <Input.TextArea
        id={`${id}-to`}
        autoSize={{ minRows: 1, maxRows: 6 }}
        value={fields.to}
        onChange={({ target }) => change({ to: target.value })}
      />
    </>
  );
}
