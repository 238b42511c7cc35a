using Gateway.Configuration;
using MurkyWaters;

namespace Gateway.Hosting;

/// <summary><c>Gateway --rebuild-catalog</c>: makes the catalog of the store anew, of what stands beside the files, and says what was
/// found.</summary>
internal static class RebuildCommand
{
    private const int Made = 0, Failed = 1, Refused = 2;

    /// <summary>Does it.</summary>
    /// <param name="args">The arguments that are settings.</param>
    /// <param name="output">Told what is found.</param>
    /// <param name="errors">Told in a line why it cannot be done.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        var loaded = SettingsLoader.Load(args, isRunning: true);
        foreach (var mistake in loaded.Mistakes)
        {
            await errors.WriteLineAsync(mistake.ReplaceLineEndings(" "));
        }

        if (loaded.Mistakes.Count > 0)
        {
            return Refused;
        }

        var isBegun = false;
        try
        {
            var result = StoreRebuild.Run(loaded.Settings.Store.Path, line =>
            {
                isBegun = true;
                output.WriteLine(line.ReplaceLineEndings(" "));
            });
            if (result.IsMade)
            {
                await output.WriteLineAsync("The catalog is made. The next start opens it.");
            }

            return Made;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync(
                $"Store:Path: {e.Message.ReplaceLineEndings(" ")}{(isBegun ? " --rebuild-catalog once more goes on with it." : "")}");
            return isBegun ? Failed : Refused;
        }
    }
}
