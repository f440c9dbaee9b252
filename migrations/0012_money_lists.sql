ALTER TABLE "payments" ADD COLUMN "failure" text;--> statement-breakpoint
CREATE INDEX "invoices_by_time" ON "invoices" USING btree ("cut_at","invoice_id");--> statement-breakpoint
CREATE INDEX "ledger_entries_paid" ON "ledger_entries" USING btree ("reference") WHERE kind in ('purchase', 'auto_top_up');--> statement-breakpoint
CREATE INDEX "ledger_entries_paid_by_time" ON "ledger_entries" USING btree ("created_at") WHERE kind in ('purchase', 'auto_top_up');--> statement-breakpoint
CREATE INDEX "ledger_entries_back" ON "ledger_entries" USING btree ("created_at","account_id","seq") WHERE kind in ('refund', 'dispute', 'fraud_warning');--> statement-breakpoint
CREATE INDEX "payments_by_time" ON "payments" USING btree ("placed_at","order_id");