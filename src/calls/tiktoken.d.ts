// What wrangler.toml makes of a tokenizer's table: a module of text.
declare module '*.tiktoken' {
  const table: string
  export default table
}
