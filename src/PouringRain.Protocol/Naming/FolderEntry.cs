namespace PouringRain.Protocol.Naming;

/// <summary>What is in a folder: a file, or a folder of which no more is known than that there are files in it.</summary>
/// <param name="Name">The name in its folder, without slashes.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
/// <param name="Length">Bytes; 0 of a folder.</param>
/// <param name="Stamp">When the version was made, milliseconds of Unix time; 0 of a folder.</param>
/// <param name="ContentType">The media type; empty for a folder.</param>
/// <param name="Version">The version; null of a folder, and of a file of which a node of an older release tells.</param>
public sealed record FolderEntry(
    string Name, bool IsFolder, long Length, long Stamp, string ContentType, Sha256Digest? Version = null)
{
    /// <summary>What entries are ordered by, byte by byte of its UTF-8, and where a page may end: a file and a folder of the same name are
    /// two entries.</summary>
    public string Key => IsFolder ? Name + '/' : Name;

    /// <summary>Compares two keys by the bytes of their UTF-8, as SQLite does, which is by code points.</summary>
    public static int CompareKeys(string left, string right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        var common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        // Halves of surrogate pairs, of which UTF-16 makes what is beyond U+FFFF, are less than U+E000.
        var (a, b) = (left[common], right[common]);
        return char.IsSurrogate(a) != char.IsSurrogate(b) ? (char.IsSurrogate(a) ? 1 : -1) : a.CompareTo(b);
    }

    /// <summary>A folder.</summary>
    public static FolderEntry Folder(string name) => new(name, true, 0, 0, "");
}

/// <summary>Which entries are wanted.</summary>
/// <param name="Folder">The folder: empty for the uppermost, else with a slash at the end.</param>
/// <param name="After">The <see cref="FolderEntry.Key"/> behind which to begin; empty for the first.</param>
/// <param name="Limit">How many at most, from 1.</param>
/// <param name="HasVersions">Whether the versions of files are to be told as well.</param>
public sealed record FolderQuery(string Folder, string After, int Limit, bool HasVersions = false);
