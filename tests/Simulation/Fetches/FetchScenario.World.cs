using MurkyWaters;
using MurkyWaters.Fetching;
using PouringRain.Protocol;

namespace Simulation.Fetches;

/// <summary>What the machine wants done, done by the drawn world; and what is checked.</summary>
internal sealed partial class FetchScenario
{
    private void Do(FetchAction action)
    {
        switch (action.Kind)
        {
            case FetchActionKind.Prepare:
                After(_random.Between(0, 50), () => Tell(() => _machine.HandlePrepared(_now, _random.Chance(200_000))));
                break;
            case FetchActionKind.Enter:
                Enter();
                break;
            case FetchActionKind.Rain:
                Rain(action);
                break;
            case FetchActionKind.Demand:
                Require(_round is not null, "a demand without a round");
                _round?.Ask(action);
                break;
            case FetchActionKind.CancelRound:
                _round!.IsCancelled = true;
                break;
            case FetchActionKind.Drop:
                _blocks.Drop((int)action.Offset);
                break;
            case FetchActionKind.AskClassic:
                var end = action.End;
                After(_random.Between(0, 1000), () => Tell(() => _machine.HandleClassicEnded(_now, end)));
                break;
            case FetchActionKind.Seal:
                Seal();
                break;
            case FetchActionKind.Attach:
                Attach((ModelReader)action.Reader!);
                break;
            case FetchActionKind.Finish:
                var reason = action.End;
                After(_random.Between(0, 20), () => Tell(() => _machine.HandleFinished(reason)));
                break;
            case FetchActionKind.Withdraw:
                Require(!_isWithdrawn, "it is withdrawn twice");
                _isWithdrawn = true;
                break;
            case FetchActionKind.Refuse:
                var refused = (ModelReader)action.Reader!;
                Require(_isWithdrawn && !refused.IsAttached && !refused.IsRefused, $"{refused} is refused and was told something before");
                refused.IsRefused = true;
                refused.HasFailed = true;
                break;
            case FetchActionKind.Release:
                Release();
                break;
        }
    }

    private void Enter()
    {
        if (_machine.IsPassing && _hasGrant)
        {
            Tell(() => Grant(true));
            return;
        }

        var isGranted = !_isMemoryShort || _random.Chance(700_000);
        After(_random.Between(0, 100), () => Tell(() => Grant(isGranted)));
    }

    private void Grant(bool isGranted)
    {
        _hasGrant = isGranted;
        _blocks.MemoryMax = _machine.IsPassing && isGranted ? _memoryMax : _blocks.MemoryMax;
        _machine.HandleGrant(_now, isGranted, _memoryMax);
        _hasGrant &= _machine.Phase == FetchPhase.Raining;
    }

    private void Rain(FetchAction action)
    {
        Require(_round is null, "a round beside a round");
        var round = _round = new ModelRound
        {
            BlocksMax = _source == SourceKind.Tiring ? (int)_random.Below(30) : int.MaxValue,
            Pace = TimeSpan.FromMilliseconds(_random.Pick(0, 1, 20)),
        };
        round.Ask(action);
        After(_random.Between(1, 100), () => Answer(round));
    }

    private void Answer(ModelRound round)
    {
        if (round.IsCancelled)
        {
            End(round, FetchEndReason.Cancelled);
            return;
        }

        switch (_source)
        {
            case SourceKind.Absent:
                End(round, FetchEndReason.NotFound);
                break;
            case SourceKind.Silent:
                After(2000, () => End(round, FetchEndReason.Unanswered));
                break;
            case SourceKind.Busy:
                End(round, FetchEndReason.Busy);
                break;
            case SourceKind.Older:
                Tell(() => _machine.HandleManifest(_now, _manifest, null));
                End(round, FetchEndReason.Cancelled);
                break;
            default:
                if (_machine.Manifest is null)
                {
                    // The fetch's own lease.
                    _leases++;
                    Tell(() => _machine.HandleManifest(_now, _manifest, _blocks));
                }

                round.Know(_blocks);
                After(round.Pace, () => Bring(round));
                break;
        }
    }

    private void Bring(ModelRound round)
    {
        if (round.IsCancelled)
        {
            End(round, FetchEndReason.Cancelled);
        }
        else if (round.Brought >= round.BlocksMax)
        {
            After(10_000, () => End(round, FetchEndReason.Stalled));
        }
        else if (!round.TryBring(out var block))
        {
            End(round, FetchEndReason.Completed);
        }
        else
        {
            Take(block);
            After(round.Pace, () => Bring(round));
        }
    }

    private void Take(int block)
    {
        if (!_blocks.HasBlock(block))
        {
            if (!_blocks.IsPassing && !_blocks.TryWrite(block))
            {
                _blocks.IsPassing = true;
                Tell(() => _machine.HandleNoRoom(_now));
            }

            if (_blocks.IsPassing)
            {
                _blocks.TryTake(block);
            }
        }

        if (_blocks.HasBlock(block))
        {
            foreach (var reader in _readers.Where(reader => reader.WaitsFor == block))
            {
                reader.WaitsFor = -1;
                After(TimeSpan.FromMicroseconds(_random.Between(0, 100)), () => Read(reader));
            }
        }
    }

    private void End(ModelRound round, FetchEndReason reason) => Tell(() =>
    {
        Require(_round == round, "a round ends that is not the running one");
        _round = null;
        _hasGrant &= _machine.IsPassing;
        _machine.HandleRoundEnded(_now, reason);
    });

    private void Seal()
    {
        var isRefused = _store == StoreKind.Refuses && _machine.Keep != Retention.Kept;
        After(_random.Between(0, 300), () => Tell(() =>
        {
            if (_store == StoreKind.Fails)
            {
                _machine.HandleFailure(_now, FetchEndReason.LocalFailure);
            }
            else
            {
                _machine.HandleSealed(_now, !isRefused);
            }
        }));
    }

    private void Attach(ModelReader reader)
    {
        Require(!reader.IsAttached && !reader.IsRefused && !_isReleased, $"{reader} is given its blocks, and was told something before");
        reader.IsAttached = true;
        if (!reader.HasLeft)
        {
            // One that has left gives it back at once.
            _leases++;
            After(reader.Pace, () => Read(reader));
        }
    }

    private void Release()
    {
        Require(_isWithdrawn && !_isReleased, "it is released before it is withdrawn, or twice");
        _isReleased = true;
        _hasGrant = false;
        _leases -= _machine.Blocks is null ? 0 : 1;
        foreach (var reader in _readers.Where(reader => reader.WaitsFor >= 0))
        {
            reader.WaitsFor = -1;
            After(0, () => Read(reader));
        }
    }

    private void Check()
    {
        Require(_blocks.MemoryPeak <= _memoryMax, $"{_blocks.MemoryPeak} blocks in memory");
        Require(_machine.Phase != FetchPhase.Over || _door.IsClosed, "it is over and may be joined");
    }

    private void CheckEnd()
    {
        Require(_isReleased, $"it never ends, {_machine.Phase}{(_machine.Keep is null ? "" : ", to be kept")}");
        Require(!_isReleased || _leases == 0, $"{_leases} leases are left");
        Require(!_isReleased || !_hasGrant, "memory is left with it");
        foreach (var reader in _readers)
        {
            Require(
                reader.IsDone || reader.HasFailed || reader.HasLeft,
                $"{reader} neither has its bytes nor learnt of the end; it {(reader.IsAttached ? "has" : "lacks")} its blocks, "
                + $"{_machine.Phase}");
            Require(
                !reader.HasFailed || !reader.IsAttached || _machine.End != FetchEndReason.Completed,
                $"{reader} failed, though the fetch says that all went well");
        }

        if (_source == SourceKind.Honest && !_isDisturbed && !_isMemoryShort && _store != StoreKind.Fails)
        {
            foreach (var reader in _readers)
            {
                Require(!reader.HasFailed, $"{reader} failed ({_machine.End}), though nothing was wrong");
            }
        }
    }

    private void Require(bool isKept, string promise)
    {
        if (!isKept)
        {
            Broken.Add(promise);
        }
    }
}
