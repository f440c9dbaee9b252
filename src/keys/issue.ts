// Gives a new secret to the account: minted here under the next free number, kept by the object as a hash, shown once.

import type { AccountId, KeyNumber } from '#core/ids.ts'
import { keyNumber } from '#core/ids.ts'
import type { KeyAnswer } from '#ledger/account-commands.ts'
import type { AccountPort } from '#ledger/account-port.ts'

/** Makes a key's text and the hash that the object keeps. */
export type MintKey = (key: {
  accountId: AccountId
  keyNumber: number
}) => Promise<{ key: string; secretHash: string }>

export type Minted = { keyNumber: KeyNumber; secretHash: string; reference: string }
export type Issued = { ok: true; key: string; keyNumber: KeyNumber } | (KeyAnswer & { ok: false })

/** Somebody else may take the next number at the same moment; so many times in a row they do not. */
const numberTriesMax = 8

export async function issue(
  account: { id: AccountId; port: () => AccountPort; mint: MintKey },
  reference: string,
  put: (minted: Minted) => Promise<KeyAnswer>,
): Promise<Issued> {
  const taken = await account.port().keys()
  const free = Math.max(0, ...taken.map((key) => key.keyNumber)) + 1
  for (let number = free; number < free + numberTriesMax; number += 1) {
    const { key, secretHash } = await account.mint({ accountId: account.id, keyNumber: number })
    const answer = await put({
      keyNumber: keyNumber(number),
      secretHash,
      reference: `${reference}:${number}`,
    })
    if (answer.ok) return { ok: true, key, keyNumber: answer.keyNumber }
    if (answer.code !== 'number_taken') return answer
  }
  return { ok: false, code: 'number_taken' }
}
