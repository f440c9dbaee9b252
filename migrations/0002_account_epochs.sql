CREATE TABLE "account_epochs" (
	"account_id" text NOT NULL,
	"epoch" integer NOT NULL,
	"closed_seq" bigint NOT NULL,
	"closed_sum_nano_usd" bigint NOT NULL,
	"closed_hash" text NOT NULL,
	"closed_at" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL,
	"idempotency_key" text NOT NULL,
	"is_discarding" boolean NOT NULL,
	"step" text NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "account_epochs_account_id_epoch_pk" PRIMARY KEY("account_id","epoch")
);
