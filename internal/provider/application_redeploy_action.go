// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

const applicationRedeployType = "dbos_application_redeploy"

func newApplicationRedeployAction() action.Action { return &applicationRedeployAction{} }

// applicationRedeployAction deploys a version of an application again, so that changed secrets take effect.
type applicationRedeployAction struct {
	session *session
}

type applicationRedeployModel struct {
	ApplicationName types.String `tfsdk:"application_name"`
	PreviousVersion types.String `tfsdk:"previous_version"`
}

func (a *applicationRedeployAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = applicationRedeployType
}

func (a *applicationRedeployAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (a *applicationRedeployAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Deploys a version of an application again and waits until it serves. Changed secrets and settings take effect with it. " +
			"The migrations of the version run again. Needs Terraform 1.14 or newer.\n\n" +
			"Run it by hand with `terraform apply -invoke=action.dbos_application_redeploy.NAME`. To run it after each change of a secret, use `action_trigger` in the secret's `lifecycle`: " +
			"Terraform sets the secret first. Each trigger deploys once, so several secrets that change together deploy several times. " +
			"To deploy only once, add the versions of the secrets to `triggers` of a `dbos_application_deployment` instead.",
		Attributes: map[string]schema.Attribute{
			"application_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Application to deploy again.",
				Validators:          applicationNameRules(),
			},
			"previous_version": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Version to deploy. Default: the running version.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
	}
}

// Invoke makes one deploy. The client waits while the application is busy, and finds out what became of a deploy whose
// answer was lost.
func (a *applicationRedeployAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	diags := &resp.Diagnostics
	config := decode[applicationRedeployModel](ctx, req.Config, diags)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultCreateTimeout)
	defer cancel()
	name := config.ApplicationName.ValueString()
	client, _, ok := a.session.inOrganization(ctx, applicationLabel(config.ApplicationName), "state", types.StringNull(), diags)
	if !ok {
		return
	}
	progress := func(format string, args ...any) {
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, args...)})
	}
	accepted := redeploy(ctx, client, config, progress, diags)
	if accepted == nil {
		return
	}
	progress("The deploy was accepted as version %q; waiting until it serves", accepted.Version)
	application, err := client.WaitApplication(ctx, name, cloud.Rollout(*accepted))
	switch {
	case err != nil:
		addUnserved(name, accepted.Version, err, diags)
	case !cloud.Rollout(*accepted).Arrived(*application):
		accepted.warnOvertaken(application, diags)
	default:
		progress("Application %q serves version %q", name, accepted.Version)
	}
}

// redeploy deploys the chosen version, or the one that runs. It returns the accepted rollout, or nil.
func redeploy(ctx context.Context, client *cloud.Client, config *applicationRedeployModel, progress func(format string, args ...any), diags *diag.Diagnostics) *rollout {
	name, version := config.ApplicationName.ValueString(), config.PreviousVersion.ValueString()
	deployer, ok := deployerOf(ctx, client, name, config.PreviousVersion, diags)
	if !ok {
		return nil
	}
	defer deployer.Close()
	running := deployer.Application.Version
	if version == "" {
		version = running
	}
	if version == "" {
		addAttributeError(diags, "application_name", fmt.Sprintf("Application %q was never deployed", name),
			"It has no version to deploy again. Nothing was changed. Deploy it first, with a dbos_application_deployment or \"dbos-cloud app deploy\".")
		return nil
	}
	progress("Deploying version %q of application %q", version, name)
	accepted, err := deployer.DeployVersion(ctx, version)
	if err != nil {
		next := fmt.Sprintf("Version %q probably still runs. Remove the cause and run the action again.", running)
		addError(diags, fmt.Sprintf("Cannot deploy application %q", name), err, next)
		return nil
	}
	return &rollout{Version: accepted, Replaces: running}
}

// addUnserved reports a wait that ended before the accepted version was seen to serve.
func addUnserved(name, version string, err error, diags *diag.Diagnostics) {
	summary := fmt.Sprintf("Application %q is not ready", name)
	next := fmt.Sprintf("DBOS Cloud accepted version %q, which may still become ready. Check it with the data source dbos_application first: to run the action again deploys once more.", version)
	var wait *cloud.WaitError
	if !errors.As(err, &wait) {
		addError(diags, summary, err, next)
		return
	}
	reason := "The wait ended in an error."
	switch {
	case errors.Is(wait.Err, context.DeadlineExceeded):
		reason = fmt.Sprintf("The wait took longer than %s.", defaultCreateTimeout)
	case errors.Is(wait.Err, context.Canceled):
		reason = "The wait was interrupted."
	}
	diags.AddError(summary, reason+" "+lastStatus(wait)+"\n\n"+next)
}
