namespace Gateway.Configuration;

/// <summary>A settings file as it was at one moment: what is compared, checked and taken are the same bytes, whatever happens to the
/// file meanwhile.</summary>
/// <param name="Path">Its absolute path.</param>
/// <param name="Bytes">What it holds; null when it is not there or cannot be read.</param>
/// <param name="Mistake">Why it cannot be read; null when it can, or is not there.</param>
internal sealed record SettingsFile(string Path, byte[]? Bytes, string? Mistake)
{
    /// <summary>Reads one that may be missing.</summary>
    public static SettingsFile Read(string path)
    {
        try
        {
            return new SettingsFile(path, File.ReadAllBytes(path), null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new SettingsFile(path, null, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new SettingsFile(
                path, null,
                Directory.Exists(path) ? $"{path}: a file is wanted, and this is a folder." : $"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Whether two looks found the same.</summary>
    public bool IsSame(SettingsFile other) =>
        Path == other.Path && Mistake == other.Mistake
        && (Bytes is null ? other.Bytes is null : other.Bytes is not null && Bytes.AsSpan().SequenceEqual(other.Bytes));
}
