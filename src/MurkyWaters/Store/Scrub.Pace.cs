using Microsoft.Extensions.Logging;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>How fast it goes, and what it says; event ids 3020 to 3029 of the store's.</summary>
internal sealed partial class Scrub
{
    /// <summary>Bytes a second at which it is done in half of the period, and in hand what was lost by being off.</summary>
    private double RateOfNow()
    {
        var max = _options.ScrubBytesPerSecondMax > 0 ? _options.ScrubBytesPerSecondMax : long.MaxValue;
        ScrubProgress progress;
        lock (_gate)
        {
            progress = _progress;
            if (_isHurried)
            {
                return max;
            }
        }

        var left = Math.Max(0, _store.Catalog.Bytes - progress.CheckedBytes)
            + (Math.Max(0, _store.Count - progress.CheckedCount) * CostOfOne);
        var end = DateTimeOffset.FromUnixTimeMilliseconds(progress.StartedUnixMs) + (_options.ScrubPeriod / 2);
        var seconds = Math.Max(60, (end - _time.GetUtcNow()).TotalSeconds);
        return Math.Min(max, Math.Max(RateMin, left / seconds));
    }

    private void WarnIfTooSlow()
    {
        var seconds = _options.ScrubPeriod.TotalSeconds / 2;
        var wanted = _store.Catalog.Bytes + (_store.Count * CostOfOne);
        if (seconds > 0 && _options.ScrubBytesPerSecondMax > 0 && wanted / seconds > _options.ScrubBytesPerSecondMax)
        {
            ScrubTooSlow(_logger, _options.ScrubBytesPerSecondMax, wanted, _options.ScrubPeriod.TotalDays);
        }
    }

    /// <summary>Notes what was read.</summary>
    private void NoteRead(long bytes)
    {
        Interlocked.Add(ref _readBytes, bytes);
        Pace.Add(bytes);
        Update(progress => progress with { CheckedBytes = progress.CheckedBytes + bytes });
    }

    /// <summary>Waits as long as something was to take.</summary>
    private async Task PauseAsync(long cost)
    {
        _owed += TimeSpan.FromSeconds(cost / RateOfNow());
        if (_owed >= PauseMin)
        {
            var owed = _owed;
            _owed = TimeSpan.Zero;
            await WaitAsync(owed);
        }

        _stopping.Token.ThrowIfCancellationRequested();
    }

    /// <summary>What is found while nothing can be written could not be set aside.</summary>
    private async Task WaitForDiskAsync()
    {
        while (_store.Files.Health.Trouble is not null)
        {
            HoldUp(true);
            await WaitAsync(StoreHealth.ProbeInterval);
        }

        HoldUp(false);
    }

    private void HoldUp(bool isHeldUp)
    {
        lock (_gate)
        {
            _isHeldUp = isHeldUp;
        }
    }

    /// <summary>Waits, until somebody asks for a pass at the longest.</summary>
    private async Task WaitAsync(TimeSpan delay)
    {
        Task requested;
        lock (_gate)
        {
            requested = _requested.Task;
        }

        using var wait = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        await Task.WhenAny(Task.Delay(delay < PauseMax ? delay : PauseMax, _time, wait.Token), requested);
        await wait.CancelAsync();
        _stopping.Token.ThrowIfCancellationRequested();
    }

    [LoggerMessage(3020, LogLevel.Information, "Scrub of {Path} begins: {Count} resources, {Bytes} bytes")]
    private static partial void ScrubBegins(ILogger logger, string path, long count, long bytes);

    [LoggerMessage(3021, LogLevel.Information, "Scrub of {Path} ends: {Count} resources, {Bytes} bytes read, {Damaged} damaged")]
    private static partial void ScrubEnds(ILogger logger, string path, long count, long bytes, long damaged);

    [LoggerMessage(3022, LogLevel.Warning, "Scrub: resource {Id} is damaged: {Why}")]
    private static partial void ScrubFoundDamage(ILogger logger, ResourceId id, string why);

    [LoggerMessage(3023, LogLevel.Warning, "Scrub: the row of resource {Id} is damaged")]
    private static partial void ScrubFoundStrange(ILogger logger, ResourceId id);

    [LoggerMessage(
        3024, LogLevel.Warning,
        "Store:ScrubMaxBytesPerSecond, {Rate} bytes a second, is too little to read {Bytes} bytes twice in {Days} days")]
    private static partial void ScrubTooSlow(ILogger logger, long rate, long bytes, double days);

    [LoggerMessage(3025, LogLevel.Error, "The scrub was held up, and goes on in {Seconds} seconds")]
    private static partial void ScrubFailed(ILogger logger, Exception exception, double seconds);

    [LoggerMessage(3026, LogLevel.Warning, "How far the scrub has come could not be kept")]
    private static partial void ScrubNotSaved(ILogger logger, Exception exception);
}
