# How requests move to a new version of http, and back by themselves: npm run deploy starts a deployment of CodeDeploy, which shifts the
# alias by weight and returns it when an alarm on the new version goes off.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

locals {
  # Metrics of the new version alone, among those of the alias: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  new_version = {
    FunctionName    = var.function.name
    Resource        = "${var.function.name}:${var.function.alias}"
    ExecutedVersion = var.function.version
  }
  alarms = {
    errors = { what = "fails", metric = "Errors", statistic = "Sum", above = 0 }
    p99    = { what = "is slow", metric = "Duration", statistic = "p99", above = var.latency_p99_ms }
  }
}

resource "aws_cloudwatch_metric_alarm" "release" {
  for_each = local.alarms

  alarm_name          = "${var.name}-release-${each.key}"
  alarm_description   = "The newest version of ${var.function.name} ${each.value.what}: a release that is under way is rolled back"
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = local.new_version
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
}

resource "aws_codedeploy_app" "http" {
  name             = "${var.name}-http"
  compute_platform = "Lambda"
}

module "release_role" {
  source = "../service-role"

  name                 = "${var.name}-release"
  service              = "codedeploy.amazonaws.com"
  account_id           = var.arn_scope.account_id
  permissions_boundary = var.permissions_boundary
  allowed = {
    Alias = {
      actions   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
      resources = [var.function.arn, "${var.function.arn}:${var.function.alias}"]
    }
    # An alarm is described among all of them.
    ReleaseAlarms = { actions = ["cloudwatch:DescribeAlarms"], resources = ["*"] }
  }
}

resource "aws_codedeploy_deployment_group" "http" {
  app_name               = aws_codedeploy_app.http.name
  deployment_group_name  = aws_codedeploy_app.http.name
  service_role_arn       = module.release_role.arn
  deployment_config_name = var.deployment_config

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "BLUE_GREEN"
  }

  alarm_configuration {
    enabled = true
    alarms  = [for alarm in aws_cloudwatch_metric_alarm.release : alarm.alarm_name]
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }
}
