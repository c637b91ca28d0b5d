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

resource "aws_iam_role" "delivery" {
  name                 = "${var.name}-audit-delivery"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "firehose.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.arn_scope.account_id } }
    }]
  })
}

resource "aws_iam_role" "subscription" {
  name                 = "${var.name}-audit-subscription"
  permissions_boundary = var.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "logs.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.arn_scope.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "delivery" {
  name = "deliver"
  role = aws_iam_role.delivery.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "AuditObjects"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = ["${local.bucket_arn}/*"]
      },
      {
        Sid      = "AuditBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [local.bucket_arn]
      },
      {
        Sid      = "DeliveryErrors"
        Effect   = "Allow"
        Action   = ["logs:PutLogEvents"]
        Resource = ["arn:${var.arn_scope.partition}:logs:${var.arn_scope.region}:${var.arn_scope.account_id}:log-group:/aws/kinesisfirehose/${local.stream_name}:*"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "subscription" {
  name = "send"
  role = aws_iam_role.subscription.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "AuditStream", Effect = "Allow", Action = ["firehose:PutRecord", "firehose:PutRecordBatch"], Resource = [local.stream_arn] }]
  })
}

resource "aws_kinesis_firehose_delivery_stream" "audit" {
  name        = local.stream_name
  destination = "extended_s3"

  server_side_encryption {
    enabled = true
  }

  extended_s3_configuration {
    bucket_arn          = aws_s3_bucket.audit.arn
    role_arn            = aws_iam_role.delivery.arn
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

  depends_on = [aws_iam_role_policy.delivery]
}

resource "aws_cloudwatch_log_subscription_filter" "audit" {
  for_each = var.log_groups

  name            = "${var.name}-audit"
  log_group_name  = each.value
  filter_pattern  = "{ $.audit = \"*\" }"
  destination_arn = aws_kinesis_firehose_delivery_stream.audit.arn
  role_arn        = aws_iam_role.subscription.arn

  depends_on = [aws_iam_role_policy.subscription]
}
