ALTER TABLE "api_keys" ALTER COLUMN "key_number" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "charges" ALTER COLUMN "key_number" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "ledger_entries" ALTER COLUMN "key_number" SET DATA TYPE bigint;