using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using MurkyWaters.Store;
using MurkyWaters.Store.Catalog;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>
/// A disk that is stopped before every step: it knows what a process that is killed then would leave, and what a machine that stops may. A
/// step may be made to fail, before or after it is done, and waits for the disk may be left out or late. The files are real ones, for
/// SQLite and whoever reads; only the waits are not made.
/// </summary>
internal sealed class RecordedDisk(string root) : StoreDisk
{
    [ThreadStatic]
    private static Fault? _next;

    private readonly Lock _gate = new();
    private readonly ConditionalWeakTable<SafeFileHandle, RecordedFile> _files = [];
    private readonly ConditionalWeakTable<SafeFileHandle, string> _folders = [];
    private readonly List<Action> _late = [];
    private readonly RecordedLog _log = new(Path.Combine(root, CatalogSchema.FileName));
    private readonly RecordedNames _names = new();
    private bool _isDead, _isHealed;

    /// <summary>Called before every step with its number, from 1, and what it is; says how it fails.</summary>
    public Func<int, string, Fault?>? Before { get; set; }

    /// <summary>Waits for the disk that are left out.</summary>
    public Omission Omitted { get; init; }

    public int StepCount { get; private set; }

    /// <summary>How many of them were made to fail.</summary>
    public int FaultCount { get; private set; }

    /// <summary>The steps' names, for whoever has to find out what happened.</summary>
    public List<string> Trace { get; } = [];

    /// <summary>A step is about to be made.</summary>
    public void Step(string operation)
    {
        lock (_gate)
        {
            _next = null;
            StepCount++;
            Trace.Add(operation);
            if (_isDead)
            {
                throw new IOException(operation, DiskErrorNumbers.InputOutput);
            }

            if (Before?.Invoke(StepCount, operation) is { } fault && !_isHealed)
            {
                FaultCount++;
                if (fault.IsLate || operation == "flush")
                {
                    _next = fault;
                    return;
                }

                throw new IOException(operation, fault.Number);
            }
        }
    }

    /// <summary>What is on it now.</summary>
    public DiskImage Copy()
    {
        lock (_gate)
        {
            return new DiskImage(_names.Copy(), _log.Copy(), Path.GetFileName(_log.Path));
        }
    }

    /// <summary>From here on every step fails.</summary>
    public void Die()
    {
        lock (_gate)
        {
            _isDead = true;
        }
    }

    /// <summary>From here on no step is made to fail.</summary>
    public void Heal()
    {
        lock (_gate)
        {
            _isHealed = true;
        }
    }

    /// <summary>The files of another disk, as they are after a stop.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (var (name, bytes) in files)
        {
            var file = new RecordedFile();
            file.Write(0, bytes);
            file.Flush();
            _names.Give(name, file);
            _names.Flush(Path.GetDirectoryName(name)!);
        }
    }

    /// <summary>A byte of a file goes bad.</summary>
    public void Rot(string path, int offset)
    {
        lock (_gate)
        {
            var file = _names.Now[NameOf(path)];
            file.Rot(offset);
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.Write(handle, file.Bytes.AsSpan(offset, 1), offset);
        }
    }

    public override SafeFileHandle Create(string path)
    {
        lock (_gate)
        {
            var handle = base.Create(path);
            var file = new RecordedFile();
            _files.Add(handle, file);
            if (!IsCatalog(path))
            {
                _names.Give(NameOf(path), file);
            }

            FailLate();
            return handle;
        }
    }

    public override SafeFileHandle Open(string path)
    {
        lock (_gate)
        {
            var handle = base.Open(path);
            if (path != _log.Path + "-wal")
            {
                _files.Add(handle, _names.Now[NameOf(path)]);
            }

            FailLate();
            return handle;
        }
    }

    public override void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        lock (_gate)
        {
            if (_next is not null)
            {
                // A disk takes what it has room for, and then no more.
                bytes = bytes[..(bytes.Length / 2)];
            }

            base.Write(file, bytes, offset);
            if (_files.TryGetValue(file, out var known))
            {
                known.Write(offset, bytes.ToArray());
            }
            else
            {
                _log.Renew();
            }

            FailLate();
        }
    }

    public override void SetLength(SafeFileHandle file, long length)
    {
        lock (_gate)
        {
            base.SetLength(file, length);
            _files.GetValue(file, Unknown).SetLength(length);
            FailLate();
        }
    }

    public override void Flush(SafeFileHandle file, bool isData)
    {
        lock (_gate)
        {
            var fails = _next is not null;
            if (_folders.TryGetValue(file, out var folder))
            {
                if (!fails && !Omitted.HasFlag(Omission.Folder))
                {
                    WaitFor(() => _names.Flush(folder), Omission.LateFolder);
                }
            }
            else if (!_files.TryGetValue(file, out var known))
            {
                // The one file that somebody else has opened.
                if (fails)
                {
                    _log.Forget();
                }
                else
                {
                    FlushLog();
                }
            }
            else if (fails)
            {
                known.Forget();
            }
            else if (!Omitted.HasFlag(Omission.File))
            {
                WaitFor(known.Flush, Omission.LateFile);
            }

            FailLate();
        }
    }

    public override void Move(string source, string target)
    {
        lock (_gate)
        {
            base.Move(source, target);
            _names.Move(NameOf(source), NameOf(target));
            FailLate();
        }
    }

    public override void Delete(string path)
    {
        lock (_gate)
        {
            base.Delete(path);
            _names.Take(NameOf(path));
            FailLate();
        }
    }

    public override SafeFileHandle? OpenFolder(string path)
    {
        lock (_gate)
        {
            var handle = base.OpenFolder(path);
            if (handle is not null)
            {
                _folders.Add(handle, NameOf(path) is "." ? "" : NameOf(path));
            }

            FailLate();
            return handle;
        }
    }

    private static RecordedFile Unknown(SafeFileHandle handle) => throw new InvalidOperationException("a file that was not opened here");

    private static void FailLate()
    {
        if (_next is { } fault)
        {
            _next = null;
            throw new IOException("after it was done", fault.Number);
        }
    }

    private void FlushLog()
    {
        if (Omitted.HasFlag(Omission.Log))
        {
            _log.Forget();
            return;
        }

        _log.Flush();

        // What waited for it, against the order.
        _late.ForEach(wait => wait());
        _late.Clear();
    }

    private void WaitFor(Action wait, Omission late)
    {
        if (Omitted.HasFlag(late))
        {
            _late.Add(wait);
        }
        else
        {
            wait();
        }
    }

    private string NameOf(string path) => Path.GetRelativePath(root, path);

    private bool IsCatalog(string path) => path == _log.Path;
}

/// <summary>How a step fails.</summary>
/// <param name="Number">The error's.</param>
/// <param name="IsLate">Whether it was done all the same (half of it, of a write).</param>
internal sealed record Fault(int Number, bool IsLate);

/// <summary>The numbers of the system's errors.</summary>
internal static class DiskErrorNumbers
{
    public const int InputOutput = 5, TooManyFiles = 24, NoSpace = 28;
}

/// <summary>Waits for the disk that are not made, or not before the row is on it.</summary>
[Flags]
internal enum Omission
{
    None = 0,
    File = 1,
    Folder = 2,
    Log = 4,
    LateFile = 8,
    LateFolder = 16,
}
