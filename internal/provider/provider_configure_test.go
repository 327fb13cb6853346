// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

const secretToken = "s3cret-t0ken"

// configured runs configure with an environment, and returns its diagnostics as one text.
func configured(t *testing.T, model providerModel, environment map[string]string) (*session, diag.Diagnostics) {
	t.Helper()
	p := &dbosProvider{options: Options{Version: "test", Getenv: func(name string) string { return environment[name] }}}
	var diags diag.Diagnostics
	s := p.configure(model, "1.11.4", &diags)
	return s, diags
}

func textOfDiagnostics(diags diag.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(d.Summary() + "\n" + d.Detail() + "\n")
	}
	return b.String()
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigureLogin(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "credentials", `{"token":"from-file\r\n","refreshToken":"file-refresh","userName":"u","organization":"file-org"}`)
	tests := map[string]struct {
		model       providerModel
		environment map[string]string
		want        cloud.Login
	}{
		"configuration over environment over file": {
			providerModel{Token: types.StringValue(" configured\n"), CredentialsFile: types.StringValue(file)},
			map[string]string{"DBOS_TOKEN": "environment", "DBOS_REFRESH_TOKEN": "environment-refresh"},
			cloud.Login{Token: "configured"},
		},
		"one source is never mixed with another": {
			providerModel{RefreshToken: types.StringValue("configured-refresh")},
			map[string]string{"DBOS_TOKEN": "environment"},
			cloud.Login{RefreshToken: "configured-refresh"},
		},
		"environment over file": {
			providerModel{CredentialsFile: types.StringValue(file)},
			map[string]string{"DBOS_REFRESH_TOKEN": "environment-refresh"},
			cloud.Login{RefreshToken: "environment-refresh"},
		},
		"empty counts as unset": {
			providerModel{Token: types.StringValue(""), RefreshToken: types.StringValue(" ")},
			map[string]string{"DBOS_TOKEN": " ", "DBOS_REFRESH_TOKEN": "", "DBOS_CREDENTIALS_FILE": file},
			cloud.Login{Token: "from-file", RefreshToken: "file-refresh", Organization: "file-org"},
		},
		"none at all is no error yet": {providerModel{}, nil, cloud.Login{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &dbosProvider{options: Options{Getenv: func(name string) string { return tt.environment[name] }}}
			var diags diag.Diagnostics
			got := p.login(tt.model, &diags)
			if diags.HasError() {
				t.Fatal(textOfDiagnostics(diags))
			}
			if got != tt.want {
				t.Errorf("login = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestConfigureEndpoint(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		configured  types.String
		environment map[string]string
		want        string
	}{
		"default":                   {types.StringNull(), nil, "https://cloud.dbos.dev"},
		"domain":                    {types.StringNull(), map[string]string{"DBOS_DOMAIN": "staging.example.com:8443"}, "https://staging.example.com:8443"},
		"endpoint over domain":      {types.StringNull(), map[string]string{"DBOS_DOMAIN": "a.example.com", "DBOS_ENDPOINT": "https://b.example.com/"}, "https://b.example.com/"},
		"configuration over both":   {types.StringValue("http://127.0.0.1:8080"), map[string]string{"DBOS_ENDPOINT": "https://b.example.com"}, "http://127.0.0.1:8080"},
		"empty configured is unset": {types.StringValue(""), map[string]string{"DBOS_ENDPOINT": "https://b.example.com"}, "https://b.example.com"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &dbosProvider{options: Options{Getenv: func(name string) string { return tt.environment[name] }}}
			var diags diag.Diagnostics
			if got := p.endpoint(providerModel{Endpoint: tt.configured}, &diags); got != tt.want || diags.HasError() {
				t.Errorf("endpoint = %q, want %q; %s", got, tt.want, textOfDiagnostics(diags))
			}
		})
	}
}

// TestConfigureErrors shows for each setting what is wrong, where it came from, and none of its secrets.
func TestConfigureErrors(t *testing.T) {
	t.Parallel()
	noCertificate := writeFile(t, "ca.pem", "no certificate "+secretToken)
	broken := writeFile(t, "credentials", `{"token": "`+secretToken)
	empty := writeFile(t, "credentials", `{"userName":"`+secretToken+`"}`)
	tests := map[string]struct {
		model       providerModel
		environment map[string]string
		attribute   string
		want        string
	}{
		"http to a host":         {providerModel{}, map[string]string{"DBOS_ENDPOINT": "http://cloud.example.com"}, "endpoint", "environment variable DBOS_ENDPOINT"},
		"domain with a path":     {providerModel{}, map[string]string{"DBOS_DOMAIN": "user:" + secretToken + "@example.com"}, "endpoint", "environment variable DBOS_DOMAIN"},
		"inner space in a token": {providerModel{}, map[string]string{"DBOS_TOKEN": secretToken + " " + secretToken}, "token", "white space inside it"},
		"line end in a refresh":  {providerModel{}, map[string]string{"DBOS_REFRESH_TOKEN": secretToken + "\n" + secretToken}, "refresh_token", "environment variable DBOS_REFRESH_TOKEN"},
		"http to an auth host":   {providerModel{}, map[string]string{"DBOS_AUTH_ENDPOINT": "http://login.example.com"}, "auth_endpoint", "environment variable DBOS_AUTH_ENDPOINT"},
		"missing file":           {providerModel{CredentialsFile: types.StringValue("/nosuch/credentials")}, nil, "credentials_file", "/nosuch/credentials does not exist"},
		"missing file by name":   {providerModel{}, map[string]string{"DBOS_CREDENTIALS_FILE": "/nosuch/credentials"}, "credentials_file", "environment variable DBOS_CREDENTIALS_FILE"},
		"broken file":            {providerModel{CredentialsFile: types.StringValue(broken)}, nil, "credentials_file", "as the CLI writes it"},
		"missing CA file":        {providerModel{CACertificateFile: types.StringValue("/nosuch/ca.pem")}, nil, "ca_certificate_file", "/nosuch/ca.pem"},
		"directory as a file":    {providerModel{CredentialsFile: types.StringValue(os.TempDir())}, nil, "credentials_file", "is a directory; the CLI's file in it is called credentials"},
		"file without a login":   {providerModel{CredentialsFile: types.StringValue(empty)}, nil, "credentials_file", "has neither a token nor a refreshToken"},
		"directory as CA file":   {providerModel{CACertificateFile: types.StringValue(os.TempDir())}, nil, "ca_certificate_file", os.TempDir()},
		"CA file without any":    {providerModel{}, map[string]string{"DBOS_CA_CERTIFICATE_FILE": noCertificate}, "ca_certificate_file", "contains no certificate in PEM format"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := configured(t, tt.model, tt.environment)
			text := textOfDiagnostics(diags)
			if !diags.HasError() || !strings.Contains(text, tt.want) {
				t.Fatalf("got %q, want an error that says %q", text, tt.want)
			}
			if strings.Contains(text, secretToken) {
				t.Errorf("the error prints a secret: %s", text)
			}
			withPath, ok := diags[0].(diag.DiagnosticWithPath)
			if !ok || !withPath.Path().Equal(path.Root(tt.attribute)) {
				t.Errorf("the error is not at %s: %#v", tt.attribute, diags[0])
			}
		})
	}
}

// TestConfiguredSettingsAreChecked does the same for what a configuration says: while it is validated, before anything
// is read or asked.
func TestConfiguredSettingsAreChecked(t *testing.T) {
	t.Parallel()
	server := providerserver.NewProtocol6(NewWithOptions(Options{Version: "test", Getenv: func(string) string { return "" }})())()
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ attribute, value, want string }{
		"host without https":       {"endpoint", "cloud.example.com", "does not begin with https://"},
		"http to a host":           {"endpoint", "http://cloud.example.com", "is plain http"},
		"password in a URL":        {"endpoint", "https://u:" + secretToken + "@cloud.example.com", "has a user name or password"},
		"version in a URL":         {"endpoint", "https://cloud.example.com/v1alpha1", "ends in /v1alpha1"},
		"http to an auth host":     {"auth_endpoint", "http://login.example.com", "is plain http"},
		"key in an auth URL":       {"auth_endpoint", "https://login.example.com/?key=" + secretToken, "has a query"},
		"white space in a token":   {"token", secretToken + " " + secretToken, "has white space inside it, at position 13"},
		"Bearer before a token":    {"token", "Bearer " + secretToken, "without a leading \"Bearer\""},
		"line end in a refresh":    {"refresh_token", secretToken + "\r\n" + secretToken, "has white space inside it"},
		"letter not of ASCII":      {"refresh_token", secretToken + "é", "not printable ASCII"},
		"duration without a unit":  {"request_timeout", "60", "duration"},
		"duration of nothing":      {"retry_timeout", "0s", "duration"},
		"trimmed token is fine":    {"token", " " + secretToken + "\r\n", ""},
		"unset by an empty string": {"endpoint", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &rpc{t: t}
			settings := map[string]tftypes.Value{}
			for _, attribute := range schema.Provider.Block.Attributes {
				settings[attribute.Name] = tftypes.NewValue(attribute.Type, nil)
			}
			settings[tt.attribute] = tftypes.NewValue(tftypes.String, tt.value)
			answer, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{
				Config: r.encode(tftypes.NewValue(schema.Provider.ValueType(), settings)),
			})
			if err != nil {
				t.Fatal(err)
			}
			r.must(tt.want, answer.Diagnostics, nil)
			for _, d := range answer.Diagnostics {
				if strings.Contains(d.Summary+d.Detail, secretToken) {
					t.Errorf("the error prints a secret: %s %s", d.Summary, d.Detail)
				}
				if want := tftypes.NewAttributePath().WithAttributeName(tt.attribute); !d.Attribute.Equal(want) {
					t.Errorf("the error is at %s, want %s", d.Attribute, want)
				}
			}
		})
	}
}

func TestConfigureUnknown(t *testing.T) {
	t.Parallel()
	s, diags := configured(t, providerModel{Token: types.StringUnknown()}, map[string]string{"DBOS_TOKEN": "of-another-account"})
	if diags.HasError() || diags.WarningsCount() != 1 {
		t.Fatalf("want one warning, got %s", textOfDiagnostics(diags))
	}
	var need diag.Diagnostics
	if _, ok := s.connected(&need); ok {
		t.Fatal("an unknown token gives a client")
	}
	if text := textOfDiagnostics(need); !strings.Contains(text, "token of provider \"dbos\" is only known after apply") {
		t.Errorf("the error does not name the attribute: %s", text)
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":               "",
		"it failed":      "It failed.",
		"already done.":  "Already done.",
		"really?":        "Really?",
		"über-long":      "Über-long.",
		" trimmed (so) ": "Trimmed (so).",
		"with an end: ":  "With an end:",

		"dbos-config.yaml:1: no mapping": "dbos-config.yaml:1: no mapping.",
		"source_dir is empty":            "source_dir is empty.",
		"file a_b.c is empty":            "File a_b.c is empty.",
		"one. two":                       "One. two.",
	} {
		if got := sentence(text); got != want {
			t.Errorf("sentence(%q) = %q, want %q", text, got, want)
		}
	}
}
