using MurkyWaters;

namespace Gateway.Hosting;

/// <summary><c>Gateway --rebuild FILE...</c>: makes an archived resource of files that are its pieces, on a machine that has nothing else.
/// It knows no store and no settings; that is what tells it from <see cref="RebuildCommand"/>.</summary>
internal static class PiecesCommand
{
    private const string Mode = "--rebuild", Write = "--write";
    private const int Made = 0, Failed = 1, Refused = 2;

    /// <summary>Whether the arguments ask for it.</summary>
    public static bool IsAsked(string[] args) => args.FirstOrDefault() == Mode;

    /// <summary>Does it.</summary>
    /// <param name="args">All arguments.</param>
    /// <param name="errors">Told what is found.</param>
    /// <param name="standardOutput">Takes the bytes with <c>--write -</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        string[] args, TextWriter errors, Func<Stream> standardOutput, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        string? path = null;
        for (var i = 1; i < args.Length; i++)
        {
            if (args[i] == Write && i + 1 < args.Length)
            {
                path = args[++i];
            }
            else if (args[i].StartsWith("--", StringComparison.Ordinal))
            {
                await errors.WriteLineAsync($"{args[i]} means nothing with {Mode} FILE... [{Write} PATH|-].");
                return Refused;
            }
            else
            {
                files.Add(args[i]);
            }
        }

        if (files.Count == 0)
        {
            await errors.WriteLineAsync($"{Mode} wants the files that are pieces: 11 or more of the 16.");
            return Refused;
        }

        using var rebuild = PieceRebuild.TryOpen(files, errors.WriteLine);
        if (rebuild is null)
        {
            await errors.WriteLineAsync("Nothing can be made of these files.");
            return Failed;
        }

        // A name that a stranger gave is a name here, and no way to elsewhere.
        var name = Path.GetFileName(rebuild.Manifest.FileName ?? "");
        path ??= name is "" or "." or ".." ? $"{rebuild.Id}" : name;
        var isBegun = false;
        try
        {
            if (path == "-")
            {
                await using var output = standardOutput();
                await rebuild.WriteAsync(output, errors.WriteLine, cancellationToken);
            }
            else
            {
                await using var output = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
                isBegun = true;
                await rebuild.WriteAsync(output, errors.WriteLine, cancellationToken);
                output.Flush(flushToDisk: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (isBegun)
            {
                // A part of it must not be taken for the whole, nor be in the way of the next try.
                File.Delete(path);
            }

            await errors.WriteLineAsync($"{path}: {error.Message}");
            return Failed;
        }

        await errors.WriteLineAsync(
            $"{(path == "-" ? "It is" : $"{path} is")} {rebuild.Manifest.Layout.Length} bytes of {rebuild.Id}, and has the SHA-256 "
            + $"{rebuild.Manifest.Sha256}.");
        return Made;
    }
}
