CREATE TABLE "kept_secrets" (
	"name" text PRIMARY KEY NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "welcome_credits" (
	"account_id" text PRIMARY KEY NOT NULL,
	"mailbox_hash" text NOT NULL,
	"card_hash" text NOT NULL,
	"amount_nano_usd" bigint NOT NULL,
	"credit_days" integer NOT NULL,
	"claimed_at" timestamp (3) with time zone NOT NULL,
	"credited_seq" bigint,
	CONSTRAINT "welcome_credits_mailbox_hash_unique" UNIQUE("mailbox_hash"),
	CONSTRAINT "welcome_credits_card_hash_unique" UNIQUE("card_hash")
);
--> statement-breakpoint
CREATE INDEX "welcome_credits_by_time" ON "welcome_credits" USING btree ("claimed_at");--> statement-breakpoint
CREATE INDEX "welcome_credits_open" ON "welcome_credits" USING btree ("claimed_at") WHERE credited_seq is null;