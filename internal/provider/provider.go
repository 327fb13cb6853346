// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Package provider is the Terraform side of the product: schemas, plan-time rules and the order of calls. Package cloud
// makes the calls and deals with a bad network.
package provider

import (
	"context"
	"net/http"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

var (
	_ provider.ProviderWithActions            = (*dbosProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*dbosProvider)(nil)
	_ provider.ProviderWithFunctions          = (*dbosProvider)(nil)
	_ provider.ProviderWithListResources      = (*dbosProvider)(nil)
)

// New returns a constructor of the provider. The version goes into the User-Agent of every request.
func New(version string) func() provider.Provider {
	return NewWithOptions(Options{Version: version})
}

// Options are the settings that tests need: many providers run side by side, each with its own environment and with
// shorter waits.
type Options struct {
	Version   string
	Getenv    func(string) string // nil is os.Getenv
	Timing    cloud.Timing        // zero is the product's own
	Transport http.RoundTripper   // nil is the network
}

// NewWithOptions is New with options.
func NewWithOptions(options Options) func() provider.Provider {
	if options.Getenv == nil {
		options.Getenv = os.Getenv
	}
	return func() provider.Provider { return &dbosProvider{options: options} }
}

type dbosProvider struct {
	options Options
}

type providerModel struct {
	Endpoint                types.String `tfsdk:"endpoint"`
	Token                   types.String `tfsdk:"token"`
	RefreshToken            types.String `tfsdk:"refresh_token"`
	AuthEndpoint            types.String `tfsdk:"auth_endpoint"`
	Organization            types.String `tfsdk:"organization"`
	OrganizationFormerNames types.List   `tfsdk:"organization_former_names"`
	CredentialsFile         types.String `tfsdk:"credentials_file"`
	CACertificateFile       types.String `tfsdk:"ca_certificate_file"`
	RequestTimeout          types.String `tfsdk:"request_timeout"`
	RetryTimeout            types.String `tfsdk:"retry_timeout"`
}

func (p *dbosProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "dbos"
	resp.Version = p.options.Version
}

func (p *dbosProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages Postgres database instances on [DBOS Cloud](https://docs.dbos.dev), their recovery, and the applications on them.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Base URL of the API, without `/v1alpha1`. `http` is allowed only for a loopback address. " +
					"Default: `DBOS_ENDPOINT`, else `https://$DBOS_DOMAIN`, else `" + cloud.DefaultEndpoint + "`.",
				Validators: []validator.String{optionalRule("endpoint", "a URL", cloud.CheckEndpoint)},
			},
			"token": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Access token (JWT). White space before and after it is ignored. Default: `DBOS_TOKEN`.",
				Validators:          []validator.String{optionalRule("token", "a token without white space", checkTrimmed(cloud.CheckToken))},
			},
			"refresh_token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Refresh token. The provider exchanges it for an access token when it has none, before the access token expires, and once after DBOS Cloud refuses it. " +
					"The provider takes both `token` and `refresh_token` from the first source that has one of them: this configuration, the environment, the credentials file. Default: `DBOS_REFRESH_TOKEN`.",
				Validators: []validator.String{optionalRule("refresh token", "a token without white space", checkTrimmed(cloud.CheckToken))},
			},
			"auth_endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Base URL at which the refresh token is exchanged. Default: `DBOS_AUTH_ENDPOINT`, else the login service for the host of `endpoint`. " +
					"For a loopback address the default is `endpoint` itself.",
				Validators: []validator.String{optionalRule("auth endpoint", "a URL", cloud.CheckAuthEndpoint)},
			},
			"organization": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Organization to work in. Default: `DBOS_ORGANIZATION`, else the organization in the credentials file if the login comes from it, " +
					"else the organization in the user's profile.",
			},
			"organization_former_names": schema.ListAttribute{
				ElementType: types.StringType,
				Optional:    true,
				MarkdownDescription: "Names that the organization had before it was renamed. If the state names one of them as the owner of an object, the object belongs to this organization. " +
					"The next refresh or apply writes the current name to the state; it changes nothing in DBOS Cloud.",
			},
			"credentials_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "File with the login of the `dbos-cloud` CLI. The provider reads it and never writes it. " +
					"Default: `DBOS_CREDENTIALS_FILE`, else `.dbos/credentials` in the working directory if it exists. A leading `~/` is your home directory.",
			},
			"ca_certificate_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "PEM file with certificate authorities to trust in addition to those of the system, for the API and the login service. " +
					"A leading `~/` is your home directory. Default: `DBOS_CA_CERTIFICATE_FILE`.",
			},
			"request_timeout": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How long to wait for the answer to one request to begin, such as `30s`. An upload may take longer: it is ended only if no data moves for this time. Default: `60s`.",
				Validators:          []validator.String{optionalRule("duration", "a duration above zero", checkDuration)},
			},
			"retry_timeout": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How long to repeat one call after temporary failures, such as `5m`. Default: `2m`.",
				Validators:          []validator.String{optionalRule("duration", "a duration above zero", checkDuration)},
			},
		},
	}
}

func (p *dbosProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	session := p.configure(model, req.TerraformVersion, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = session
	resp.DataSourceData = session
	resp.EphemeralResourceData = session
	resp.ListResourceData = session
	resp.ActionData = session
}

func (p *dbosProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newApplicationDatabaseBindingResource,
		newApplicationDeploymentResource,
		newApplicationResource,
		newApplicationSecretResource,
		newDatabaseInstanceResource,
		newDatabaseRestoreResource,
		newLinkedDatabaseResource,
	}
}

func (p *dbosProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{
		newApplicationRedeployAction,
	}
}

func (p *dbosProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		newApplicationList,
		newApplicationSecretList,
		newDatabaseInstanceList,
		newLinkedDatabaseList,
	}
}

func (p *dbosProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newAccountDataSource,
		newApplicationDataSource,
		newApplicationSecretsDataSource,
		newApplicationVersionsDataSource,
		newApplicationsDataSource,
		newDatabaseInstanceDataSource,
		newDatabaseInstancesDataSource,
		newOrganizationUsersDataSource,
	}
}

func (p *dbosProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		newDatabaseConnectionEphemeral,
	}
}

func (p *dbosProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newConnectionURLFunction,
		newDatabaseConfigFunction,
		newDotenvFunction,
		newParseConnectionURLFunction,
	}
}
