namespace MurkyWaters.Store;

#pragma warning disable RS0030 // As StoreFiles, of which this is a part.
/// <summary>Copies of what is damaged: who looks into it may change it.</summary>
internal sealed partial class StoreFiles
{
    /// <summary>Whether there is a folder.</summary>
    public static bool FolderExists(string path) => Directory.Exists(path);

    /// <summary>Copies a file over another, without waiting.</summary>
    public static void Copy(string source, string target) => File.Copy(source, target, overwrite: true);

    /// <summary>Removes a copy.</summary>
    public static void RemoveCopy(string path) => File.Delete(path);

    /// <summary>Makes a copy longer, with zeros.</summary>
    public static void Extend(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        if (RandomAccess.GetLength(file) < length)
        {
            RandomAccess.SetLength(file, length);
        }
    }

    /// <summary>The first bytes of a file; fewer when it has fewer, or is not there.</summary>
    public static int ReadStart(string path, Span<byte> bytes)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
    }
}
