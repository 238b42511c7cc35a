using Gateway.Machine;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace Gateway.Deploying;

/// <summary>A file. It is written under another name in the same folder, from which it takes its own when all of it is right: what is there
/// under its name stays until then. What is found under the other name, of a receiver that was ended, is gone on with.</summary>
internal sealed class FileTarget : StoredTarget
{
    private readonly string _path;
    private readonly string _partPath;
    private readonly bool _isNew;

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">It cannot be made there, or another receiver writes it.</exception>
    public FileTarget(string path)
    {
        // A link stays a link.
        var link = File.Exists(path) ? new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) : null;
        _path = link?.FullName ?? Path.GetFullPath(path);
        _partPath = $"{_path}.raining";
        _isNew = !File.Exists(_partPath);
        Handle = File.OpenHandle(_partPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    }

    /// <inheritdoc/>
    public override string Name => _path;

    /// <inheritdoc/>
    public override string Remains =>
        File.Exists(_partPath) ? $"what was received stays in {_partPath}, and the next start goes on with it" : "";

    /// <summary>Whether anything was written that a next start could go on with.</summary>
    private bool IsUsed { get; set; }

    /// <inheritdoc/>
    public override void Begin(long? length)
    {
        IsUsed = true;
        if (length is not { } bytes)
        {
            RandomAccess.SetLength(Handle!, 0);
            return;
        }

        // That there is no room is said before anything comes, not when it does not fit.
        FileRoom.Reserve(Handle!, bytes);
        if (RandomAccess.GetLength(Handle!) != bytes)
        {
            RandomAccess.SetLength(Handle!, bytes);
        }
    }

    /// <inheritdoc/>
    public override ulong[] FindHeld(Manifest manifest)
    {
        var held = base.FindHeld(manifest);
        if (!_isNew)
        {
            Compare(manifest, Enumerable.Range(0, manifest.Layout.BlockCount), held, Handle!);
        }
        else if (File.Exists(_path))
        {
            TakeOver(manifest, held);
        }

        return held;
    }

    /// <summary>Copies what is right of the file that is there under the name: all of it where a receiver was ended right before it had
    /// sent its receipt.</summary>
    private void TakeOver(Manifest manifest, ulong[] held)
    {
        try
        {
            using var former = File.OpenHandle(_path);
            if (RandomAccess.GetLength(former) == manifest.Layout.Length)
            {
                CompareIfLikely(manifest, held, former, Write);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It may be replaced and not read: then all comes anew.
        }
    }

    /// <inheritdoc/>
    public override void Keep()
    {
        File.Move(_partPath, _path, overwrite: true);
        IsUsed = true;
        using var folder = DurableFlush.OpenFolder(Path.GetDirectoryName(_path)!);
        if (folder is not null)
        {
            DurableFlush.Flush(folder);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        if (_isNew && !IsUsed)
        {
            // Nothing came.
            File.Delete(_partPath);
        }
    }
}
