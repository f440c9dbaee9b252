// Our own count of text is o200k's; these are the tokens that the tokenizers of other makers usually make of a text for one of
// it: the measured median over eight languages, code and JSON (docs/counting.md, `npm run count:error`).

/** By maker, as the catalog names it; 1 for makers whose tokenizer nobody can measure, and for those within 5 % of it. */
export const ownCountFactors: Readonly<Record<string, number>> = {
  Anthropic: 1.35,
  Alibaba: 1.18,
  'Alibaba Cloud': 1.18,
}
