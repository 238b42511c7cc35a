using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace MurkyWaters.Store;

#pragma warning disable RS0030 // This is the one place that has files.
/// <summary>
/// Every change that the store makes on disk goes through here, so that a test can stop the store dead between any two of them, and
/// that every error of the disk comes out as a <see cref="StoreException"/> and is seen by <see cref="StoreHealth"/>.
/// What is renamed into place was flushed before, and the folder is flushed after: a crash leaves the old file or the new one.
/// Nobody but the process's user can read what it makes.
/// </summary>
internal sealed partial class StoreFiles
{
    private const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnFolder = OwnFile | UnixFileMode.UserExecute;

    private readonly Action<string>? _beforeStep;
    private readonly StoreDisk _disk;
    private long _lastTemporary;

    public StoreFiles(string root, Action<string>? beforeStep, TimeProvider time, ILogger logger, StoreDisk? disk = null)
    {
        Time = time;
        Root = Path.GetFullPath(root);
        Blobs = Path.Combine(Root, "blobs");
        Manifests = Path.Combine(Root, "manifests");
        Partials = Path.Combine(Root, "partial");
        Uploads = Path.Combine(Root, "uploads");
        Temporary = Path.Combine(Root, "temporary");
        Quarantine = Path.Combine(Root, "quarantine");
        _beforeStep = beforeStep;
        _disk = disk ?? StoreDisk.Real;
        Health = new StoreHealth(Root, Probe, time, logger);
        Reserve = new DeletionReserve(this);
    }

    /// <summary>The clock of all that is made of these files.</summary>
    public TimeProvider Time { get; }

    /// <summary>Whether the disk takes what is written.</summary>
    public StoreHealth Health { get; }

    /// <summary>Room for deletions on a full disk.</summary>
    public DeletionReserve Reserve { get; }

    /// <summary>The store's folder.</summary>
    public string Root { get; }

    /// <summary>The bytes, by tree digest.</summary>
    public string Blobs { get; }

    /// <summary>What the catalog says of the resources whose bytes are in <see cref="Blobs"/>, by tree digest and id.</summary>
    public string Manifests { get; }

    /// <summary>Fetches that are not whole, by version.</summary>
    public string Partials { get; }

    /// <summary>Uploads in several requests that are not whole, by token.</summary>
    public string Uploads { get; }

    /// <summary>What was never finished; emptied at start.</summary>
    public string Temporary { get; }

    /// <summary>What was found and not understood, or not what it should be; nothing is ever removed from it.</summary>
    public string Quarantine { get; }

    /// <summary>Puts on the disk what the catalog has and the disk may not, before a disk that failed counts as well again.</summary>
    public Action? SettleCatalog { get; set; }

    private string[] Folders => [Blobs, Manifests, Partials, Uploads, Temporary, Quarantine];

    /// <summary>Makes the folders that are missing, and closes those that are there to other users.</summary>
    public void CreateFolders()
    {
        foreach (var folder in Folders)
        {
            CreateFolder(folder);
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(folder) != OwnFolder)
            {
                File.SetUnixFileMode(folder, OwnFolder);
            }
        }

        FlushFolder(Root);
    }

    /// <summary>Makes a folder, if it is not there, that only the process's user can enter.</summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnFolder);
        }
    }

    /// <summary>Opens a file that only one process may have open, and makes it when it is not there.</summary>
    /// <exception cref="IOException">Another process has it open, or it cannot be made.</exception>
    public static FileStream OpenAlone(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnFile;
        }

        return new FileStream(path, options);
    }

    /// <summary>A path in <see cref="Temporary"/> that nobody has.</summary>
    public string NextTemporaryPath() => Path.Combine(Temporary, Interlocked.Increment(ref _lastTemporary).ToString("x", null));

    /// <summary>Opens a new file for writing and reading, in place of one that is there.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public SafeFileHandle Create(string path)
    {
        try
        {
            Step("create", path);
            return _disk.Create(path);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            // It may be there all the same.
            Discard(path);
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Opens a file that is there for writing and reading.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public SafeFileHandle OpenToWrite(string path)
    {
        try
        {
            Step("open", path);
            return _disk.Open(path);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Writes at an offset.</summary>
    /// <exception cref="StoreException">The disk does not take it, or not all of it.</exception>
    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            Step("write", null);
            _disk.Write(file, bytes, offset);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Sets a file's length.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void SetLength(SafeFileHandle file, long length)
    {
        try
        {
            Step("set length", null);
            _disk.SetLength(file, length);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Cuts a file, also while the store is read-only: what must not be trusted is better gone.</summary>
    /// <exception cref="IOException">The disk does not take it, or there is no such file.</exception>
    public void Cut(string path, long length)
    {
        _beforeStep?.Invoke($"cut {Path.GetFileName(path)}");
        using var file = _disk.Open(path);
        _disk.SetLength(file, length);
    }

    /// <summary>Waits until a file's bytes are on the disk.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isData">Whether the time at which it was written may stay behind.</param>
    /// <exception cref="StoreException">They are not, and the file must not be trusted any more.</exception>
    public void Flush(SafeFileHandle file, bool isData = false)
    {
        try
        {
            Step("flush", null);
            _disk.Flush(file, isData);
        }
        catch (IOException error) when (error is not StoreException)
        {
            throw Health.Judge(error, isFlush: true);
        }
    }

    /// <summary>Renames to a name that nobody has.</summary>
    /// <exception cref="IOException">Somebody has it, or the disk does not take it.</exception>
    public static void MoveToFree(string source, string target) => File.Move(source, target, overwrite: false);

    /// <summary>Renames without waiting.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Move(string source, string target)
    {
        try
        {
            Step("move", target);
            _disk.Move(source, target);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Renames back what was renamed, also when the disk has begun to fail since.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void MoveBack(string source, string target)
    {
        try
        {
            _beforeStep?.Invoke($"move back {Path.GetFileName(target)}");
            _disk.Move(source, target);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Writes a whole small file so that its path holds the old bytes or the new ones, never others.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        using var replacement = Prepare(path, bytes);
        replacement.Put();
        replacement.Flush();
    }

    /// <summary>Writes what is to take a small file's place, and opens all that is needed for it.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public Replacement Prepare(string path, ReadOnlySpan<byte> bytes) => new(this, path, WriteTemporary(bytes));

    /// <summary>Opens a folder to be flushed later: after a rename it would be too late to find that it cannot be opened.</summary>
    /// <exception cref="StoreException">It cannot be opened.</exception>
    public SafeFileHandle? OpenFolder(string path)
    {
        try
        {
            Step("open folder", path);
            return _disk.OpenFolder(path);
        }
        catch (IOException error) when (error is not StoreException)
        {
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Waits until the names in an open folder are on the disk.</summary>
    /// <exception cref="StoreException">They may not be.</exception>
    public void FlushFolder(SafeFileHandle? folder)
    {
        if (folder is not null)
        {
            Flush(folder);
        }
    }

    /// <summary>Waits until a folder's names are on the disk.</summary>
    /// <exception cref="StoreException">They may not be.</exception>
    public void FlushFolder(string path)
    {
        using var folder = OpenFolder(path);
        FlushFolder(folder);
    }

    /// <summary>A step that somebody else makes: the catalog.</summary>
    /// <exception cref="StoreReadOnlyException">It need not be tried.</exception>
    public void NoteStep(string operation) => Step(operation, null);

    /// <summary>Moves a file into <see cref="Quarantine"/>; false when the disk does not let it go.</summary>
    public bool TryQuarantine(string path)
    {
        var target = Path.Combine(Quarantine, Path.GetFileName(path));
        for (var i = 2; File.Exists(target); i++)
        {
            target = Path.Combine(Quarantine, string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}.{i}"));
        }

        try
        {
            Move(path, target);
            NoteAside(target);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private string WriteTemporary(ReadOnlySpan<byte> bytes)
    {
        var path = NextTemporaryPath();
        try
        {
            using var file = Create(path);
            Write(file, bytes, 0);
            Flush(file);
            return path;
        }
        catch (StoreException)
        {
            Discard(path);
            throw;
        }
    }

    private void Step(string operation, string? path)
    {
        _beforeStep?.Invoke(path is null ? operation : $"{operation} {Path.GetFileName(path)}");
        Health.ThrowIfReadOnly();
    }
}
