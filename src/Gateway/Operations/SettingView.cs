using System.Text.RegularExpressions;
using Gateway.Configuration;

namespace Gateway.Operations;

/// <summary>A setting. Of an address that has a user and a password these are not shown.</summary>
/// <param name="Name">Its name, as in appsettings.json.</param>
/// <param name="Value">What is in force, as it was written; of a secret null.</param>
/// <param name="Next">What takes its place at the next start; null where nothing does, and of a secret.</param>
/// <param name="IsWaiting">Whether something else takes its place at the next start, which of a secret is all that is told.</param>
/// <param name="Default">What it is when nobody says anything.</param>
/// <param name="SetBy">Who said it, or says what is next: default for nobody; the path of a file; environment; arguments; or kept: nobody
/// any more, and it stays for what it protects.</param>
/// <param name="IsSecret">Whether it is not shown. Null in value is then no sign of whether it is set: setBy is.</param>
/// <param name="IsLive">Whether a change takes effect while the gateway runs.</param>
/// <param name="Meaning">What it does.</param>
/// <example>
/// {
/// "name": "Cluster:Replicas", "value": "3", "next": null, "isWaiting": false, "default": "2", "setBy": "environment",
/// "isSecret": false, "isLive": true,
/// "meaning": "Nodes that keep each resource."
/// }
/// </example>
internal sealed partial record SettingView(
    string Name, string? Value, string? Next, bool IsWaiting, string Default, string SetBy, bool IsSecret, bool IsLive, string Meaning)
{
    public static SettingView Of(Setting setting, CurrentSettings current)
    {
        var read = Text(current.Read.Configuration[setting.Name]);
        var value = setting.IsLive ? read : Text(current.Started[setting.Name]);
        return new SettingView(
            setting.Name, setting.IsSecret ? null : value, setting.IsSecret || read == value ? null : read, read != value, setting.Default,
            current.Read.Origins.GetValueOrDefault(setting.Name, SettingOrigins.Default), setting.IsSecret, setting.IsLive,
            setting.Meaning);

        string Text(string? given) => string.IsNullOrEmpty(given) ? setting.Default
            : setting.IsSecret ? given.Trim()

            // What JSON calls true comes as True.
            : setting.Default is "true" or "false" ? given.Trim().ToLowerInvariant()
            : UserInformation().Replace(given.Trim(), "//…@");
    }

    [GeneratedRegex("//[^/@,\\s]*@")]
    private static partial Regex UserInformation();
}
