using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>Where a file came from that has become a blob, until a resource names it: when the process or the machine stops in between the
/// next process finds a note, and puts the file back. A note is an empty file beside the blob that says all in its name, so that it is on
/// the disk with the blob's own name, for which whoever publishes waits anyway.</summary>
internal sealed class PublicationNotes(StoreFiles files)
{
    private const string Mark = ".from.";

    /// <summary>Whether a file in <see cref="StoreFiles.Blobs"/> is one.</summary>
    public static bool IsNote(string name) => name.Contains(Mark, StringComparison.Ordinal);

    /// <summary>Leaves a note, before the file is moved.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Leave(Sha256Digest digest, string path) => files.Create(PathOf(digest, path)).Dispose();

    /// <summary>Takes the note away: a resource names the file, or it was put back.</summary>
    public void Remove(Sha256Digest digest, string path) => files.Discard(PathOf(digest, path));

    /// <summary>Takes the note away when the disk takes what the store writes again: until then a resource may name the file or
    /// not.</summary>
    public void RemoveLater(Sha256Digest digest, string path) => files.DiscardLater(PathOf(digest, path));

    /// <summary>At start: puts back what no resource names, and removes the notes.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void PutBack(Func<Sha256Digest, bool> isNamed)
    {
        foreach (var note in StoreFiles.Enumerate(files.Blobs, $"*{Mark}*").ToList())
        {
            var parts = Path.GetFileName(note).Split(Mark, 2);
            var blob = Path.Combine(files.Blobs, parts[0]);
            if (Sha256Digest.TryParseHex(parts[0], out var digest) && SourceOf(parts[1]) is { } source
                && StoreFiles.Exists(blob) && !StoreFiles.Exists(source) && !isNamed(digest))
            {
                files.Move(blob, source);
            }

            files.Discard(note);
        }
    }

    private string PathOf(Sha256Digest digest, string path) =>
        Path.Combine(files.Blobs, $"{digest}{Mark}{Path.GetFileName(Path.GetDirectoryName(path))}.{Path.GetFileName(path)}");

    private string? SourceOf(string text)
    {
        var (folder, name) = text.Split('.', 2) is [var first, var second] ? (first, second) : (text, "");
        var known = new[] { files.Temporary, files.Uploads, files.Partials }.FirstOrDefault(one => Path.GetFileName(one) == folder);
        return known is null || name.Length == 0 || name != Path.GetFileName(name) ? null : Path.Combine(known, name);
    }
}
