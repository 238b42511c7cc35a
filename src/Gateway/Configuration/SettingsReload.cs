using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;

namespace Gateway.Configuration;

/// <summary>
/// Reads the settings again when their files have changed, or at once on SIGHUP:
/// 1. everything is read and checked as at the start, but for the ports and the store, which are in use;
/// 2. with a mistake nothing changes, and the log says what is wrong;
/// 3. otherwise the settings that can change while running do, levels of the log among them, and the log names them and those that
/// wait for the next start.
/// </summary>
/// <remarks>The files are read once a second and compared, for neither time stamps nor notifications of the system see every edit of
/// a file that is mounted, linked or on another machine.</remarks>
internal sealed partial class SettingsReload : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    private readonly LoadedSettings _loaded;
    private readonly CurrentSettings _current;
    private readonly HostOptions _hostOptions;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _askedFor = new(0, 1);

    /// <summary>What only a start changes, as it was at this one.</summary>
    private readonly Dictionary<string, string?> _started;

    public SettingsReload(LoadedSettings loaded, CurrentSettings current, IOptions<HostOptions> hostOptions, ILogger<SettingsReload> logger)
    {
        _loaded = loaded;
        _current = current;
        _hostOptions = hostOptions.Value;
        _logger = logger;
        _started = KnownSettings.All.Where(setting => !setting.IsLive)
            .ToDictionary(setting => setting.Name, string? (setting) => loaded.Configuration[setting.Name] ?? setting.Default);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The files as they were when the settings in force were read may be others by now, which the first look finds out.
        var accepted = Read();
        var seen = accepted;
        using var signal = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
        while (!stoppingToken.IsCancellationRequested)
        {
            bool isAskedFor;
            try
            {
                isAskedFor = await _askedFor.WaitAsync(LookInterval, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // A file is read when it has been the same twice: an editor may be in the middle of it.
            var now = Read();
            if (isAskedFor || (!IsSame(now, accepted) && IsSame(now, seen)))
            {
                accepted = now;
                Reload();
            }

            seen = now;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _askedFor.Dispose();
    }

    private void OnHangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_askedFor.CurrentCount == 0)
        {
            _askedFor.Release();
        }
    }

    private void Reload()
    {
        var read = SettingsLoader.Load(_loaded.Arguments, isRunning: true);
        if (read.Mistakes.Count > 0)
        {
            foreach (var mistake in read.Mistakes)
            {
                Refused(_logger, mistake.ReplaceLineEndings(" "));
            }

            return;
        }

        var changed = SettingsDifference.Find(_loaded.Configuration, read.Configuration);
        _current.Value = new GatewaySettings(new SettingsReader(WithoutLater(read.Configuration), _loaded.ContentRoot, []));
        _hostOptions.ShutdownTimeout = _current.Value.Gateway.ShutdownTimeout;
        _loaded.Configuration.Replace(read.Configuration);
        ReadAgain(_logger, changed.Live.Count == 0 ? "nothing" : string.Join(", ", changed.Live));
        if (changed.Later.Count > 0)
        {
            Later(_logger, string.Join(", ", changed.Later));
        }
    }

    /// <summary>What is in force now: what waits for the next start stays what it was at this one.</summary>
    private IConfiguration WithoutLater(IConfiguration read) =>
        new ConfigurationBuilder().AddConfiguration(read).AddInMemoryCollection(_started).Build();

    /// <summary>The bytes of the files; null for one that is not there or cannot be read just now.</summary>
    private byte[]?[] Read() =>
    [
        .. SettingsLoader.SettingsFiles(_loaded.ContentRoot, _loaded.EnvironmentName).Select(path =>
        {
            try
            {
                return File.Exists(path) ? File.ReadAllBytes(path) : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }),
    ];

    private static bool IsSame(byte[]?[] left, byte[]?[] right) =>
        left.Zip(right).All(pair => pair.First is null ? pair.Second is null : pair.Second is not null && pair.First.AsSpan().SequenceEqual(pair.Second));

    [LoggerMessage(20, LogLevel.Information, "Settings read again; changed and in force: {Names}")]
    private static partial void ReadAgain(ILogger logger, string names);

    [LoggerMessage(21, LogLevel.Warning, "Settings read again; changed, and takes effect at the next start: {Names}")]
    private static partial void Later(ILogger logger, string names);

    [LoggerMessage(22, LogLevel.Warning, "Settings refused, those before stay in force: {Mistake}")]
    private static partial void Refused(ILogger logger, string mistake);
}
