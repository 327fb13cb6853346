// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/homepath"
)

// session is a configured provider: a client, or the names of the settings that are not known yet.
type session struct {
	client      *cloud.Client
	endpoint    string
	formerNames []string // of the organization
	unknown     []string
	refreshed   atomic.Bool // whether a deployment was refreshed
}

// connected returns the client. If a setting is unknown, it reports an error that names the setting: to use another
// source instead could mean another account.
func (s *session) connected(diags *diag.Diagnostics) (*cloud.Client, bool) {
	if s == nil {
		diags.AddError("The provider is not configured", "Terraform used an object before it configured the provider. This is a bug in Terraform or in this provider. Please report it.")
		return nil, false
	}
	if len(s.unknown) > 0 {
		at := path.Root(s.unknown[0])
		diags.AddError("The provider's configuration is not known yet",
			fmt.Sprintf("This needs a call to DBOS Cloud, but %s of provider \"dbos\" is only known after apply. "+
				"First apply what the value depends on, with -target, or use a value that is known during the plan.", at))
		return nil, false
	}
	return s.client, true
}

// planningClient returns the client for a look-up while Terraform plans, or nil if the provider is not configured yet.
func (s *session) planningClient() *cloud.Client {
	if s == nil {
		return nil
	}
	return s.client
}

// resourceBase is the part of every resource and list that holds the configured session.
type resourceBase struct {
	session *session
}

func (b *resourceBase) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// dataSourceBase is resourceBase for data sources.
type dataSourceBase struct {
	session *session
}

func (b *dataSourceBase) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	b.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// sessionFrom returns the session from the provider data, or nil while Terraform only validates.
func sessionFrom(data any, diags *diag.Diagnostics) *session {
	if data == nil {
		return nil
	}
	s, ok := data.(*session)
	if !ok {
		diags.AddError("The provider is not configured", fmt.Sprintf("Unexpected provider data of type %T. This is a bug in this provider. Please report it.", data))
	}
	return s
}

// configure makes a session of the settings, the environment and the credentials file. It makes no request.
func (p *dbosProvider) configure(model providerModel, terraformVersion string, diags *diag.Diagnostics) *session {
	if unknown := unknownSettings(model); len(unknown) > 0 {
		for _, name := range unknown {
			diags.AddAttributeWarning(path.Root(name), "The provider's configuration is not known yet",
				fmt.Sprintf("%s is only known after apply. An object that needs DBOS Cloud before then fails with an error. The provider does not use another source instead.", name))
		}
		return &session{unknown: unknown}
	}

	config := cloud.Config{
		Endpoint:       p.endpoint(model, diags),
		AuthEndpoint:   p.checked("auth_endpoint", model.AuthEndpoint, "DBOS_AUTH_ENDPOINT", cloud.CheckAuthEndpoint, diags),
		Organization:   p.setting(model.Organization, "DBOS_ORGANIZATION"),
		Login:          p.login(model, diags),
		CACertificates: p.caCertificates(model, diags),
		UserAgent:      fmt.Sprintf("terraform-provider-dbos/%s (+terraform %s)", p.options.Version, terraformVersion),
		RequestTimeout: duration(model.RequestTimeout),
		RetryTimeout:   duration(model.RetryTimeout),
		Logger:         slog.New(terraformLog{}),
		Timing:         p.options.Timing,
		Transport:      p.options.Transport,
	}
	if diags.HasError() {
		return nil
	}
	client, err := cloud.New(config)
	if err != nil {
		diags.AddError("Cannot use the provider's configuration", sentence(err.Error()))
		return nil
	}
	s := &session{client: client, endpoint: config.Endpoint, formerNames: formerNamesOf(model.OrganizationFormerNames)}
	if config.Organization != "" {
		s.claimFormerNames(config.Organization, diags)
	}
	return s
}

// formerNamesOf returns the names of a list without those that are not set.
func formerNamesOf(list types.List) []string {
	var names []string
	for _, element := range list.Elements() {
		if name, ok := element.(types.String); ok && name.ValueString() != "" {
			names = append(names, name.ValueString())
		}
	}
	return names
}

func unknownSettings(model providerModel) []string {
	settings := []struct {
		name  string
		value attr.Value
	}{
		{"endpoint", model.Endpoint},
		{"token", model.Token},
		{"refresh_token", model.RefreshToken},
		{"auth_endpoint", model.AuthEndpoint},
		{"organization", model.Organization},
		{"organization_former_names", model.OrganizationFormerNames},
		{"credentials_file", model.CredentialsFile},
		{"ca_certificate_file", model.CACertificateFile},
		{"request_timeout", model.RequestTimeout},
		{"retry_timeout", model.RetryTimeout},
	}
	var unknown []string
	for _, setting := range settings {
		if unknownWithin(setting.value) {
			unknown = append(unknown, setting.name)
		}
	}
	return unknown
}

// unknownWithin tells whether a value, or an element of a list, is unknown.
func unknownWithin(value attr.Value) bool {
	list, ok := value.(types.List)
	return value.IsUnknown() || ok && slices.ContainsFunc(list.Elements(), attr.Value.IsUnknown)
}

// setting is the configured value, or that of the environment variable. Empty counts as unset in both.
func (p *dbosProvider) setting(value types.String, variable string) string {
	if v := strings.TrimSpace(value.ValueString()); v != "" {
		return v
	}
	return strings.TrimSpace(p.options.Getenv(variable))
}

// checked is setting for a setting with a rule. The schema has checked a configured value already; the value of the
// environment is checked here.
func (p *dbosProvider) checked(name string, value types.String, variable string, check func(string) error, diags *diag.Diagnostics) string {
	v := p.setting(value, variable)
	if v == "" {
		return ""
	}
	if err := check(v); err != nil {
		diags.AddAttributeError(path.Root(name), "Invalid "+strings.ReplaceAll(name, "_", " "), sentence(err.Error())+from(value, variable))
		return ""
	}
	return v
}

// from names the environment variable that a value came from, or returns "" if the value was configured.
func from(value types.String, variable string) string {
	if strings.TrimSpace(value.ValueString()) != "" {
		return ""
	}
	return " It came from the environment variable " + variable + "."
}

func (p *dbosProvider) endpoint(model providerModel, diags *diag.Diagnostics) string {
	if p.setting(model.Endpoint, "DBOS_ENDPOINT") != "" {
		return p.checked("endpoint", model.Endpoint, "DBOS_ENDPOINT", cloud.CheckEndpoint, diags)
	}
	domain := p.setting(types.StringNull(), "DBOS_DOMAIN")
	if domain == "" {
		return cloud.DefaultEndpoint
	}
	endpoint := "https://" + domain
	if err := cloud.CheckEndpoint(endpoint); err != nil {
		diags.AddAttributeError(path.Root("endpoint"), "Invalid endpoint", sentence(err.Error())+from(types.StringNull(), "DBOS_DOMAIN"))
	}
	return endpoint
}

// login takes both tokens from the first source that has one of them, so that it never mixes the tokens of two
// accounts.
func (p *dbosProvider) login(model providerModel, diags *diag.Diagnostics) cloud.Login {
	configured := cloud.Login{
		Token:        strings.TrimSpace(model.Token.ValueString()),
		RefreshToken: strings.TrimSpace(model.RefreshToken.ValueString()),
	}
	if configured.Token != "" || configured.RefreshToken != "" {
		return configured
	}

	fromEnvironment := cloud.Login{
		Token:        p.checked("token", types.StringNull(), "DBOS_TOKEN", cloud.CheckToken, diags),
		RefreshToken: p.checked("refresh_token", types.StringNull(), "DBOS_REFRESH_TOKEN", cloud.CheckToken, diags),
	}
	if fromEnvironment.Token != "" || fromEnvironment.RefreshToken != "" || diags.HasError() {
		return fromEnvironment
	}

	file := p.setting(model.CredentialsFile, "DBOS_CREDENTIALS_FILE")
	named := file != ""
	if !named {
		file = filepath.Join(".dbos", "credentials")
	}
	login, err := loadLogin(file)
	switch {
	case err == nil:
		return login
	case errors.Is(err, fs.ErrNotExist) && !named:
		return cloud.Login{}
	default:
		detail := sentence(err.Error())
		if named {
			detail += from(model.CredentialsFile, "DBOS_CREDENTIALS_FILE")
		}
		diags.AddAttributeError(path.Root("credentials_file"), "Cannot read the credentials file", detail)
		return cloud.Login{}
	}
}

func (p *dbosProvider) caCertificates(model providerModel, diags *diag.Diagnostics) []byte {
	file := p.setting(model.CACertificateFile, "DBOS_CA_CERTIFICATE_FILE")
	if file == "" {
		return nil
	}
	pem, err := readFile(file)
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s contains no certificate in PEM format", file)
	}
	if err != nil {
		diags.AddAttributeError(path.Root("ca_certificate_file"), "Cannot use the CA certificates", sentence(err.Error())+from(model.CACertificateFile, "DBOS_CA_CERTIFICATE_FILE"))
		return nil
	}
	return pem
}

// loadLogin reads the login from a credentials file that a user has named.
func loadLogin(file string) (cloud.Login, error) {
	file, err := homepath.Expand(file)
	if err != nil {
		return cloud.Login{}, fmt.Errorf("credentials file %w", err)
	}
	return cloud.LoadLogin(file)
}

// readFile reads a file that a user has named.
func readFile(name string) ([]byte, error) {
	name, err := homepath.Expand(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// duration parses a duration that its validator has accepted. Zero stands for the client's default.
func duration(value types.String) time.Duration {
	d, err := time.ParseDuration(value.ValueString())
	if err != nil {
		return 0
	}
	return d
}
