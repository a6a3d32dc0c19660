import {
  CheckOutlined,
  CopyOutlined,
  DislikeFilled,
  DislikeOutlined,
  LikeFilled,
  LikeOutlined,
  ReloadOutlined,
} from '@ant-design/icons';
import { Button, Input, Popover, Tooltip } from 'antd';
import { useState } from 'react';
import { sendFeedback } from '../../api/responses.ts';
import type { Rating } from '../../api/types.ts';
import { useText } from '../../i18n/text.ts';
import { copyText } from '../../shell/download.ts';
import { useFeedback } from '../../shell/use-feedback.ts';
import { type Answer, visibleText } from '../engine/answer.ts';
import { currentChat } from '../engine/current-engine.ts';
import { GoldenButton } from './golden-button.tsx';
import { ModeBadge, modeReason } from './mode-badge.tsx';

const copiedForMs = 1_500;

export function AnswerActions({
  answer,
  onRegenerate,
}: {
  answer: Answer;
  onRegenerate: (() => void) | null;
}) {
  const t = useText();
  const { fail } = useFeedback();
  const [copied, setCopied] = useState(false);

  const copy = async () => {
    await copyText(visibleText(answer));
    setCopied(true);
    setTimeout(() => setCopied(false), copiedForMs);
  };

  return (
    <div className="answer-actions">
      {answer.mode !== null && <ModeBadge mode={answer.mode} reason={modeReason(t, answer)} />}
      {answer.text !== '' && (
        <Tooltip title={copied ? t('action.copied') : t('action.copy')}>
          <Button
            type="text"
            size="small"
            aria-label={t('action.copy')}
            icon={copied ? <CheckOutlined /> : <CopyOutlined />}
            onClick={() => copy().catch(fail)}
          />
        </Tooltip>
      )}
      {answer.text !== '' && <Ratings answer={answer} />}
      {answer.text !== '' && <GoldenButton responseId={answer.responseId} />}
      {onRegenerate !== null && (
        <Tooltip title={t('answer.regenerate')}>
          <Button
            type="text"
            size="small"
            aria-label={t('answer.regenerate')}
            icon={<ReloadOutlined />}
            onClick={onRegenerate}
          />
        </Tooltip>
      )}
    </div>
  );
}

function Ratings({ answer }: { answer: Answer }) {
  const t = useText();
  const { fail, tell } = useFeedback();
  const [commentFor, setCommentFor] = useState<Rating>(null);
  const [comment, setComment] = useState('');

  const rate = (wanted: 'up' | 'down') => {
    const before = answer.rating;
    const rating = before === wanted ? null : wanted;
    const { answers } = currentChat().engine;
    answers.change(answer.responseId, (old) => ({ ...old, rating }));
    setCommentFor(rating);
    sendFeedback(answer.responseId, rating).catch((error: unknown) => {
      answers.change(answer.responseId, (old) => ({ ...old, rating: before }));
      setCommentFor(null);
      fail(error);
    });
  };
  const sendComment = async () => {
    await sendFeedback(answer.responseId, commentFor, comment.trim());
    setCommentFor(null);
    setComment('');
    tell(t('feedback.thanks'));
  };

  const commentBox = (
    <form
      className="stack feedback-box"
      onSubmit={(event) => {
        event.preventDefault();
        sendComment().catch(fail);
      }}
    >
      <Input.TextArea
        autoFocus
        rows={3}
        maxLength={2000}
        value={comment}
        aria-label={t('feedback.comment')}
        placeholder={commentFor === 'down' ? t('feedback.whatWasWrong') : t('feedback.whatWasGood')}
        onChange={(event) => setComment(event.target.value)}
      />
      <div className="row-end">
        <Button size="small" onClick={() => setCommentFor(null)}>
          {t('feedback.skip')}
        </Button>
        <Button size="small" type="primary" htmlType="submit" disabled={comment.trim() === ''}>
          {t('action.send')}
        </Button>
      </div>
    </form>
  );

  return (
    <Popover
      open={commentFor !== null}
      content={commentBox}
      trigger="click"
      destroyOnHidden
      onOpenChange={(open) => {
        if (!open) setCommentFor(null);
      }}
    >
      <span className="ratings">
        <Button
          type="text"
          size="small"
          aria-label={t('feedback.up')}
          aria-pressed={answer.rating === 'up'}
          icon={answer.rating === 'up' ? <LikeFilled /> : <LikeOutlined />}
          onClick={() => rate('up')}
        />
        <Button
          type="text"
          size="small"
          aria-label={t('feedback.down')}
          aria-pressed={answer.rating === 'down'}
          icon={answer.rating === 'down' ? <DislikeFilled /> : <DislikeOutlined />}
          onClick={() => rate('down')}
        />
      </span>
    </Popover>
  );
}
