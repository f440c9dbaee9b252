CREATE TABLE "accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text DEFAULT '' NOT NULL,
	"region" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_entry_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"account_id" text NOT NULL,
	"key_number" integer NOT NULL,
	"name" text NOT NULL,
	"is_disabled" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"epoch" integer NOT NULL,
	"last_seq" bigint NOT NULL,
	CONSTRAINT "api_keys_account_id_key_number_pk" PRIMARY KEY("account_id","key_number")
);
--> statement-breakpoint
CREATE TABLE "charges" (
	"account_id" text NOT NULL,
	"call_id" text NOT NULL,
	"request_id" text NOT NULL,
	"key_number" integer,
	"model" text NOT NULL,
	"provider" text NOT NULL,
	"endpoint" text NOT NULL,
	"is_streamed" boolean NOT NULL,
	"usage" jsonb NOT NULL,
	"input_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"usage_source" text NOT NULL,
	"price_lines" jsonb NOT NULL,
	"price_version" text NOT NULL,
	"cost_nano_usd" bigint NOT NULL,
	"rule" text NOT NULL,
	"status" text NOT NULL,
	"duration_ms" bigint NOT NULL,
	"first_token_ms" bigint,
	"upstream_id" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"epoch" integer NOT NULL,
	"last_seq" bigint NOT NULL,
	CONSTRAINT "charges_account_id_call_id_pk" PRIMARY KEY("account_id","call_id")
);
--> statement-breakpoint
CREATE TABLE "findings" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "findings_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"account_id" text NOT NULL,
	"subject" text NOT NULL,
	"detail" jsonb NOT NULL,
	"seen_count" integer NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "findings_subject" UNIQUE("kind","account_id","subject")
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"seq" bigint NOT NULL,
	"kind" text NOT NULL,
	"reference" text NOT NULL,
	"amount_nano_usd" bigint NOT NULL,
	"balance_after_nano_usd" bigint NOT NULL,
	"key_number" integer,
	"detail" jsonb,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_entries_account_id_epoch_seq_pk" PRIMARY KEY("account_id","epoch","seq")
);
--> statement-breakpoint
CREATE TABLE "ledger_marks" (
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"seq" bigint NOT NULL,
	"sum_nano_usd" bigint NOT NULL,
	"hash" text NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_marks_account_id_epoch_pk" PRIMARY KEY("account_id","epoch")
);
--> statement-breakpoint
CREATE INDEX "accounts_last_entry_at" ON "accounts" USING btree ("last_entry_at");--> statement-breakpoint
CREATE INDEX "charges_by_time" ON "charges" USING btree ("account_id","created_at","call_id");--> statement-breakpoint
CREATE INDEX "ledger_entries_of_call" ON "ledger_entries" USING btree ("account_id","reference") WHERE kind in ('usage', 'late');