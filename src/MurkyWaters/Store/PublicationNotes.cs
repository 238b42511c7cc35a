using System.Text;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>Where a file came from that has become a blob, until a resource names it: a process that ends in between leaves a note in
/// <see cref="StoreFiles.Temporary"/>, by which the next one puts the file back. Without one (the machine has stopped, and notes are not
/// flushed) the file is one that no resource names.</summary>
internal sealed class PublicationNotes(StoreFiles files)
{
    private const string Ending = ".from";

    /// <summary>Leaves a note, before the file is moved.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Leave(Sha256Digest digest, string path)
    {
        using var note = files.Create(PathOf(digest));
        files.Write(note, Encoding.UTF8.GetBytes(Path.GetRelativePath(files.Root, path)), 0);
    }

    /// <summary>Takes the note away: a resource names the file, or it was put back.</summary>
    public void Remove(Sha256Digest digest) => files.Discard(PathOf(digest));

    /// <summary>At start, before the temporary files are removed: puts back what no resource names.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void PutBack(Func<Sha256Digest, bool> isNamed)
    {
        foreach (var note in Directory.EnumerateFiles(files.Temporary, $"*{Ending}"))
        {
            var name = Path.GetFileNameWithoutExtension(note);
            var source = Path.GetFullPath(Path.Combine(files.Root, File.ReadAllText(note)));
            var blob = Path.Combine(files.Blobs, name);
            if (Sha256Digest.TryParseHex(name, out var digest) && IsSource(source) && File.Exists(blob) && !File.Exists(source) && !isNamed(digest))
            {
                files.Move(blob, source);
            }
        }
    }

    private string PathOf(Sha256Digest digest) => Path.Combine(files.Temporary, digest + Ending);

    private bool IsSource(string path) => Path.GetDirectoryName(path) is { } folder
        && (folder == files.Temporary || folder == files.Uploads || folder == files.Partials);
}
