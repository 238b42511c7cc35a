using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;

namespace MurkyWaters;

/// <summary>
/// A secret of the node's own, for a rain that is to be sealed though nobody has given a secret: 64 hexadecimal digits in the file
/// <c>rain-secret</c> of the store, drawn at the first start that needs them. It is a text like one of the settings, so that another node
/// can be given the same.
/// </summary>
public static class NodeSecret
{
    private const int RandomBytes = 32;

    private const UnixFileMode OthersBits =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Where the secret of a store is.</summary>
    public static string PathIn(string storePath) => Path.Combine(storePath, "rain-secret");

    /// <summary>Reads the secret of a store; null when it has none yet.</summary>
    /// <param name="storePath">The store's folder.</param>
    /// <exception cref="InvalidDataException">The file is no secret, or not one any more: others may read it. The message says what to
    /// do.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string? Find(string storePath)
    {
        var path = PathIn(storePath);
        if (!Path.Exists(path))
        {
            return null;
        }

        using var file = StoreFiles.OpenToRead(path);
        if (StoreFiles.ModeOf(file) is { } mode && (mode & OthersBits) != 0)
        {
            throw new InvalidDataException(
                $"{path}: others than its owner may read this secret or write it (mode {Convert.ToString((int)mode, 8)}); "
                + "remove it, and the next start makes another, or \"chmod 600\" it if nobody can have read it.");
        }

        // One more than there may be, so that a longer file is seen to be one.
        Span<byte> bytes = stackalloc byte[(2 * RandomBytes) + 2];
        var text = Encoding.ASCII.GetString(bytes[..RandomAccess.Read(file, bytes, 0)]);
        var secret = text.EndsWith('\n') ? text[..^1] : text;
        return secret.Length == 2 * RandomBytes && secret.All(char.IsAsciiHexDigit)
            ? secret
            : throw new InvalidDataException(
                $"{path}: {2 * RandomBytes} hexadecimal digits are wanted; put the right file back, or remove it, and the next start makes "
                + "another.");
    }

    /// <summary>Reads the secret of a store, which is drawn when there is none.</summary>
    /// <inheritdoc cref="Find"/>
    public static string FindOrDraw(string storePath)
    {
        if (Find(storePath) is { } known)
        {
            return known;
        }

        // Nobody else may read it at any moment, and a crash leaves none or a whole one: it is made beside, flushed, and given its name
        // only where there is none, for another start may have been quicker.
        var files = new StoreFiles(storePath, beforeStep: null, TimeProvider.System, NullLogger.Instance);
        files.CreateFolders();
        var temporary = Path.Combine(files.Temporary, $"secret-{Guid.NewGuid():N}");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes))}\n"));
                file.Flush();
                files.Flush(file.SafeFileHandle);
            }

            // On Windows a move replaces nobody's file.
            if (OperatingSystem.IsWindows())
            {
                StoreFiles.MoveToFree(temporary, PathIn(storePath));
            }
            else
            {
                DurableFlush.TryLink(temporary, PathIn(storePath));
            }

            files.FlushFolder(files.Root);
        }
        catch (IOException) when (Path.Exists(PathIn(storePath)))
        {
            // Another start was quicker.
        }
        finally
        {
            files.Discard(temporary);
        }

        return Find(storePath) ?? throw new IOException($"{PathIn(storePath)} was made and is not there.");
    }
}
