using System.Text.Json;
using Gateway.Configuration;

namespace Gateway.Doctor;

/// <summary><c>Gateway --doctor</c>: looks at everything that a gateway with these settings needs of its machine and of the other servers,
/// and says in plain words what to do about what it finds. Changes nothing.</summary>
internal static class Examination
{
    private static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = Http.JsonText.Encoder,
    };

    /// <summary>A report.</summary>
    /// <param name="IsWell">Whether there is no problem; warnings are none.</param>
    /// <param name="Findings">Everything found, in the order of the looks.</param>
    private sealed record Report(bool IsWell, IReadOnlyList<Finding> Findings);

    /// <summary>Looks, and writes what it finds.</summary>
    /// <param name="args">The arguments that are settings.</param>
    /// <param name="isJson">Whether to write JSON instead of lines.</param>
    /// <param name="output">Where to.</param>
    /// <returns>The exit code: 0 when there is no problem, else 1.</returns>
    public static async Task<int> RunAsync(string[] args, bool isJson, TextWriter output)
    {
        var findings = new List<Finding>();
        await foreach (var finding in GroupLook.IsAsked(args) ? GroupLook.LookAsync(args)
            : LookAsync(SettingsLoader.Load(args, isRunning: true)))
        {
            findings.Add(finding);
            if (!isJson)
            {
                await output.WriteLineAsync($"{finding.State,-8} {finding.Check,-12} {finding.Detail.ReplaceLineEndings(" ")}");
                if (finding.Advice is { } advice)
                {
                    await output.WriteLineAsync($"{"",-21} -> {advice}");
                }
            }
        }

        var problems = findings.Count(finding => finding.State == "problem");
        if (isJson)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(new Report(problems == 0, findings), JsonOptions));
        }
        else
        {
            var warnings = findings.Count(finding => finding.State == "warning");
            await output.WriteLineAsync($"{problems} problems, {warnings} warnings, {findings.Count - problems - warnings} well");
        }

        return problems == 0 ? 0 : 1;
    }

    private static async IAsyncEnumerable<Finding> LookAsync(LoadedSettings loaded)
    {
        foreach (var mistake in loaded.Mistakes)
        {
            yield return Finding.Problem("settings", mistake, "Correct it; --help lists every setting.");
        }

        if (loaded.Mistakes.Count == 0)
        {
            var files = loaded.FilesRead.Count == 0 ? "no settings file" : string.Join(", ", loaded.FilesRead);
            yield return Finding.Ok("settings", $"{files} and {loaded.Settings.Rain.ServersFile} are right.");
        }

        var ports = await PortLook.LookAsync(loaded.Settings);
        foreach (var finding in ports.Findings.Concat(NetworkLook.Look(loaded.Settings)).Concat(DiskLook.Look(loaded.Settings.Store.Path)))
        {
            yield return finding;
        }

        var servers = await ServerLook.ReadAsync(loaded.Settings);
        foreach (var look in (IAsyncEnumerable<Finding>[])
            [
                ServerLook.LookAsync(loaded.Settings, servers, ports.IsRunning), RegistryLook.LookAsync(loaded.Settings),
                ClusterLook.LookAsync(loaded.Settings, servers ?? []), ObjectStoreLook.LookAsync(loaded.Settings),
            ])
        {
            await foreach (var finding in look)
            {
                yield return finding;
            }
        }
    }
}
