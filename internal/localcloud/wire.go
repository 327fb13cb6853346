// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

type errorAnswer struct {
	Message       string `json:"message"`
	StatusCode    int    `json:"statusCode"`
	RequestID     string `json:"requestID"`
	DetailedError string `json:"DetailedError,omitempty"`
}

type profileAnswer struct {
	Name             string `json:"Name"`
	Email            string `json:"Email"`
	Organization     string `json:"Organization"`
	SubscriptionPlan string `json:"SubscriptionPlan"`
	IsOrgAdmin       bool   `json:"IsOrgAdmin"`
	CreatedAt        string `json:"CreatedAt"`
}

type usersAnswer struct {
	OrgName   string   `json:"OrgName"`
	UserNames []string `json:"UserNames"`
}

// instanceAnswer is the API's UserDBInstance.
type instanceAnswer struct {
	PostgresInstanceName string  `json:"PostgresInstanceName"`
	Status               string  `json:"Status"`
	HostName             string  `json:"HostName"`
	Port                 int     `json:"Port"`
	DatabaseUsername     string  `json:"DatabaseUsername"`
	DBOSAdminName        string  `json:"DBOSAdminName"`
	IsLinked             bool    `json:"IsLinked"`
	SupabaseReference    *string `json:"SupabaseReference"`
}

// olderInstanceAnswer is the UserDBInstance of older servers. See Options.LegacyRecords.
type olderInstanceAnswer struct {
	PostgresInstanceName string `json:"PostgresInstanceName"`
	Status               string `json:"Status"`
	HostName             string `json:"HostName"`
	Port                 int    `json:"Port"`
	AdminUsername        string `json:"AdminUsername"`
}

// tokenAnswer answers the exchange of a refresh token.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	Scope       string `json:"scope"`
	ExpiresIn   int64  `json:"expires_in"`
	TokenType   string `json:"token_type"`
}

// oauthError is an error of the exchange. It has the shape of OAuth's errors, which is not the API's.
type oauthError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

// credentialsFile is the CLI's .dbos/credentials.
type credentialsFile struct {
	Token        string `json:"token"`
	RefreshToken string `json:"refreshToken"`
	UserName     string `json:"userName"`
	Organization string `json:"organization"`
}

// applicationAnswer is the API's Application.
type applicationAnswer struct {
	Name                    string `json:"Name"`
	ID                      string `json:"ID"`
	PostgresInstanceName    string `json:"PostgresInstanceName"`
	ApplicationDatabaseName string `json:"ApplicationDatabaseName"`
	Status                  string `json:"Status"`
	Version                 string `json:"Version"`
	AppURL                  string `json:"AppURL"`
	ExecutorsMemoryMib      int64  `json:"ExecutorsMemoryMib"`
}

// versionAnswer is the API's ApplicationVersion.
type versionAnswer struct {
	ApplicationName string `json:"ApplicationName"`
	Version         string `json:"Version"`
	CreationTime    string `json:"CreationTime"`
}

type deployAnswer struct {
	ApplicationName    string `json:"ApplicationName"`
	ApplicationVersion string `json:"ApplicationVersion"`
}
