// Who carries mail, as notices see it, and a mail made of a notice's words. Pure but for the port.

import { type Figures, type NoticeTypeName, noticeWords } from './notice-types.ts'

export type Mail = {
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** The same for every try of the same mail. */
  readonly idempotencyKey: string
}

/**
 * `refused`: it was not sent and never will be. `not_sent`: it was not sent, another try may succeed. `unknown`: it may have
 * been sent.
 */
export type MailOutcome =
  | { readonly what: 'sent' }
  | { readonly what: 'refused' | 'not_sent' | 'unknown'; readonly why: string }

export type Mailer = {
  /** Whether a mail whose outcome is not known may be handed over again. */
  readonly takesIdempotencyKeys: boolean
  /** Never throws. */
  send(mail: Mail): Promise<MailOutcome>
}

export type NoticeToMail = { readonly id: string; readonly type: NoticeTypeName; readonly figures: Figures }

/** `seller`: who stands on receipts; empty where nobody is named. */
export function mailOf({ id, type, figures }: NoticeToMail, to: readonly string[], seller = ''): Mail {
  const { subject, lines, next } = noticeWords(type, { ...figures, seller })
  const paragraphs = [...lines, next]
  return {
    to,
    // One line, whatever a figure may hold one day: a second one would be a header of its own.
    subject: subject.replaceAll(/\p{Cc}+/gu, ' '),
    text: `${paragraphs.join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body style="font-family:sans-serif;line-height:1.5">${paragraphs
      .map((paragraph) => `<p>${escaped(paragraph)}</p>`)
      .join('')}</body></html>`,
    idempotencyKey: id,
  }
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
