using System.Diagnostics;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>How a fetch ends: sealed into the store, answered by what is here, or failed.</summary>
internal sealed partial class SharedFetch
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FetchOutcome? _outcome;
    private Activity? _activity;

    private async Task SealAsync()
    {
        try
        {
            var result = await _keeping.SealAsync(_lease!.Blocks);
            _mailbox.Post(static (fetch, result, _, _) => fetch.TakeSealed((FetchKeeping.Result)result!), result);
        }
        catch (Exception error)
        {
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
            _mailbox.Post(static (fetch, _, _, _) => fetch._machine.HandleFailure(fetch.Now, FetchEndReason.LocalFailure));
        }
    }

    private void TakeSealed(FetchKeeping.Result result)
    {
        Publish(_view with { Verdict = result.Verdict ?? _view.Verdict });
        if (result.Kept is not null && _hasStaleServers)
        {
            _context.OnStaleServers?.Invoke(Id);
        }

        _machine.HandleSealed(Now, result.IsHere);
    }

    private async Task FinishAsync(FetchEndReason end)
    {
        var outcome = FetchOutcome.LocalFailure;
        try
        {
            outcome = _machine.Blocks is not null ? FetchOutcome.Raining
                : _outcome
                    ?? (_machine.Manifest is { IsDeleted: true } tombstone
                        ? await _keeping.ApplyTombstoneAsync(tombstone)
                        : _keeping.FindOutcome(end));
        }
        catch (Exception error)
        {
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
        }

        _mailbox.Post(
            static (fetch, outcome, end, _) =>
            {
                fetch._outcome = (FetchOutcome)outcome!;
                fetch.Publish(fetch._view with { Verdict = fetch._outcome.Verdict ?? fetch._view.Verdict });
                fetch._machine.HandleFinished(fetch._outcome.Stored is not null ? FetchEndReason.Completed : (FetchEndReason)end);
            },
            outcome, (long)end);
    }

    private void Withdraw()
    {
        try
        {
            _onEnded(this);
        }
        catch (Exception error)
        {
            // Its readers must learn of the end all the same.
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
        }
    }

    private void Release()
    {
        try
        {
            _waiters.End();
            _timer?.Dispose();
            LetGrantGo();
            if (_lease is { Blocks: var blocks } lease)
            {
                _context.Options.Swarm?.Table.Unwatch(Id, blocks.Manifest.Version);
                blocks.BlockHeld -= _waiters.Wake;
                if (blocks is PartialBlob arrived && _context.Store.FindEntry(Id) is { } entry
                    && !arrived.Manifest.IsNewerThan(entry.Resource.Manifest))
                {
                    // What is here whole needs no part to go on with.
                    _context.Store.Partials.Retire(arrived);
                }

                lease.Dispose();
            }

            var snapshot = Snapshot();
            FetchLog.TransferEnded(
                _context.Logger, Number, Id, snapshot.State, snapshot.ReceivedBytes, snapshot.ElapsedMs, snapshot.DropletsReceived,
                snapshot.Sources.Count(source => source.Droplets > 0), snapshot.Overhead, snapshot.Verdict);
            TransferActivity.End(_activity, snapshot);
        }
        finally
        {
            _completion.TrySetResult();
        }
    }
}
