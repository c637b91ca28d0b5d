# The audit lines, kept longer than the logs that they are part of: a subscription sends them, one JSON object a line, to a bucket.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  # Buckets have one namespace for all accounts.
  bucket      = "${var.name}-audit-${var.arn_scope.account_id}-${var.arn_scope.region}"
  bucket_arn  = "arn:${var.arn_scope.partition}:s3:::${local.bucket}"
  stream_name = "${var.name}-audit"
  stream_arn  = "arn:${var.arn_scope.partition}:firehose:${var.arn_scope.region}:${var.arn_scope.account_id}:deliverystream/${local.stream_name}"
}

resource "aws_s3_bucket" "audit" {
  bucket        = local.bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "audit" {
  bucket                  = aws_s3_bucket.audit.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "audit" {
  bucket = aws_s3_bucket.audit.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# What is overwritten or deleted is there for as long as it would have been.
resource "aws_s3_bucket_versioning" "audit" {
  bucket = aws_s3_bucket.audit.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "audit" {
  bucket = aws_s3_bucket.audit.bucket

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = var.retention_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.audit]
}

resource "aws_s3_bucket_policy" "audit" {
  bucket = aws_s3_bucket.audit.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.audit]
}

resource "aws_cloudwatch_log_group" "delivery" {
  name              = "/aws/kinesisfirehose/${local.stream_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_stream" "delivery" {
  name           = "${local.stream_name}-s3"
  log_group_name = aws_cloudwatch_log_group.delivery.name
}

module "delivery_role" {
  source = "../service-role"

  name                 = "${var.name}-audit-delivery"
  service              = "firehose.amazonaws.com"
  account_id           = var.arn_scope.account_id
  permissions_boundary = var.permissions_boundary
  allowed = {
    AuditObjects   = { actions = ["s3:AbortMultipartUpload", "s3:PutObject"], resources = ["${local.bucket_arn}/*"] }
    AuditBucket    = { actions = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], resources = [local.bucket_arn] }
    DeliveryErrors = { actions = ["logs:PutLogEvents"], resources = ["arn:${var.arn_scope.partition}:logs:${var.arn_scope.region}:${var.arn_scope.account_id}:log-group:/aws/kinesisfirehose/${local.stream_name}:*"] }
  }
}

module "subscription_role" {
  source = "../service-role"

  name                 = "${var.name}-audit-subscription"
  service              = "logs.amazonaws.com"
  account_id           = var.arn_scope.account_id
  permissions_boundary = var.permissions_boundary
  allowed = {
    AuditStream = { actions = ["firehose:PutRecord", "firehose:PutRecordBatch"], resources = [local.stream_arn] }
  }
}

resource "aws_kinesis_firehose_delivery_stream" "audit" {
  name        = local.stream_name
  destination = "extended_s3"

  server_side_encryption {
    enabled = true
  }

  extended_s3_configuration {
    bucket_arn          = aws_s3_bucket.audit.arn
    role_arn            = module.delivery_role.arn
    prefix              = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
    error_output_prefix = "undelivered/"
    buffering_interval  = 300
    buffering_size      = 64
    compression_format  = "GZIP"

    # CloudWatch Logs sends compressed envelopes: what is kept is the lines themselves.
    processing_configuration {
      enabled = true

      processors {
        type = "Decompression"

        parameters {
          parameter_name  = "CompressionFormat"
          parameter_value = "GZIP"
        }
      }

      processors {
        type = "CloudWatchLogProcessing"

        parameters {
          parameter_name  = "DataMessageExtraction"
          parameter_value = "true"
        }
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.delivery.name
      log_stream_name = aws_cloudwatch_log_stream.delivery.name
    }
  }
}

resource "aws_cloudwatch_log_subscription_filter" "audit" {
  for_each = var.log_groups

  name            = "${var.name}-audit"
  log_group_name  = each.value
  filter_pattern  = "{ $.audit = \"*\" }"
  destination_arn = aws_kinesis_firehose_delivery_stream.audit.arn
  role_arn        = module.subscription_role.arn
}
