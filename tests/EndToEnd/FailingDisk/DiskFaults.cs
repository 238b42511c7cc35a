using System.IO.MemoryMappedFiles;
using System.Text;

namespace EndToEnd.FailingDisk;

/// <summary>Which call of a process on its store's folder fails: see <c>failing-disk.c</c>, which the process has preloaded.</summary>
internal sealed class DiskFaults : IDisposable
{
    private const int SizeBytes = 128, Calls = 0, FailAt = 8, FailTo = 16, Error = 24, HitCount = 32, Last = 40;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private DiskFaults(string library, string storePath, string controlPath)
    {
        File.WriteAllBytes(controlPath, new byte[SizeBytes]);
        _file = MemoryMappedFile.CreateFromFile(controlPath, FileMode.Open);
        _view = _file.CreateViewAccessor(0, SizeBytes);
        Limits = new ProcessLimits
        {
            Environment = new Dictionary<string, string>
            {
                ["LD_PRELOAD"] = library,
                ["FAILING_DISK_FOLDER"] = storePath,
                ["FAILING_DISK_CONTROL"] = controlPath,
            },
        };
    }

    /// <summary>What the process is to be started with.</summary>
    public ProcessLimits Limits { get; }

    /// <summary>Calls that failed since it was armed.</summary>
    public long Hits => _view.ReadInt64(HitCount);

    /// <summary>The last call that failed.</summary>
    public string LastHit
    {
        get
        {
            var bytes = new byte[SizeBytes - Last];
            _view.ReadArray(Last, bytes, 0, bytes.Length);
            return Encoding.UTF8.GetString(bytes).Split('\0')[0];
        }
    }

    /// <summary>Compiles the library; the test is skipped where there is no compiler.</summary>
    public static async Task<string> CompileAsync(TestFolder folder)
    {
        Tool.Require("gcc");
        var library = folder["failing-disk.so"];
        (await Tool.RunAsync(
            "gcc", "-shared", "-fPIC", "-O2", "-o", library, Path.Combine(AppContext.BaseDirectory, "failing-disk.c"), "-ldl"))
            .Succeeded();
        return library;
    }

    public static DiskFaults Create(string library, string nodeFolder)
    {
        Directory.CreateDirectory(nodeFolder);
        return new DiskFaults(library, Path.Combine(nodeFolder, "data"), Path.Combine(nodeFolder, "faults"));
    }

    /// <summary>Counts calls from now on; those from <paramref name="first"/> to <paramref name="last"/> fail.</summary>
    public void Arm(long first, long last, int error)
    {
        _view.Write(Calls, 0L);
        _view.Write(HitCount, 0L);
        _view.Write(FailTo, last);
        _view.Write(Error, (long)error);
        _view.Write(FailAt, first);
    }

    /// <summary>Nothing fails any more.</summary>
    public void Disarm() => _view.Write(FailAt, 0L);

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
