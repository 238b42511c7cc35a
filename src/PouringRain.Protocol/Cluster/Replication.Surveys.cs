using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// Before a version is made, the holders are asked for the newest there is, so that it is newer than that.
public sealed partial class Replication
{
    private const int SurveysMax = 4096, AllMax = 64;

    private readonly Dictionary<long, SurveyState> _surveys = [];
    private readonly Queue<SurveyResult> _surveyed = [];
    private long _lastSurvey;

    /// <summary>Asks all holders that answer for the newest version of a resource.</summary>
    /// <param name="now">The time.</param>
    /// <param name="id">The resource.</param>
    /// <param name="isOfAll">Whether all nodes that answer are asked, up to 64 of them: one that is no holder may have made a version of
    /// which the holders have not heard yet.</param>
    /// <returns>A number, under which <see cref="TryPollSurvey"/> gives the result after a round trip, or after
    /// <see cref="ReplicationOptions.SurveyTimeout"/>.</returns>
    public long Survey(Instant now, ResourceId id, bool isOfAll = false)
    {
        lock (_gate)
        {
            var survey = new SurveyState(++_lastSurvey, id, now + _options.SurveyTimeout);
            NoteNewest(survey, _index.TryFind(id, out var replica) ? replica.Version : ReplicaVersion.None);
            NoteNewest(survey, _wants.TryGetValue(id, out var want) ? want.Version : ReplicaVersion.None);
            if (IsHolder(id))
            {
                survey.OfHolders.Add(survey.Newest);
            }

            survey.Holders = _placement.WantedCount;
            isOfAll &= _peerList.Count <= AllMax;
            if (_surveys.Count < SurveysMax)
            {
                foreach (var peer in _peerList)
                {
                    if (peer.MayAnswer && (isOfAll || IsHolder(peer, id)))
                    {
                        survey.Waiting.Add(peer.Id);
                        peer.Surveys.Enqueue(survey.Number);
                    }
                }
            }

            survey.Asked = survey.Waiting.Count;
            _surveys[survey.Number] = survey;
            if (survey.Asked == 0)
            {
                End(survey);
            }

            return survey.Number;
        }
    }

    /// <summary>Surveys that are over.</summary>
    public bool TryPollSurvey(out SurveyResult result)
    {
        lock (_gate)
        {
            return _surveyed.TryDequeue(out result);
        }
    }

    private void TakeSurvey(Instant now, Outstanding asked, in ToldVerdict verdict)
    {
        if (!_surveys.TryGetValue(asked.Survey, out var survey) || verdict.Kind is not (TellVerdict.Newer or TellVerdict.Missing))
        {
            return;
        }

        var theirs = verdict.Kind == TellVerdict.Newer && verdict.Newer.Id == survey.Id && !IsTooFarAhead(now, verdict.Newer.Version.Stamp)
            ? verdict.Newer.Version : ReplicaVersion.None;
        NoteNewest(survey, theirs);
        if (survey.Waiting.Remove(asked.Peer.Id) && IsHolder(asked.Peer, survey.Id))
        {
            survey.OfHolders.Add(theirs);
        }

        if (survey.Waiting.Count == 0)
        {
            End(survey);
        }
    }

    private static void NoteNewest(SurveyState survey, ReplicaVersion version) =>
        survey.Newest = version > survey.Newest ? version : survey.Newest;

    private void EndSurveys(Instant now)
    {
        foreach (var survey in _surveys.Values)
        {
            if (survey.Due <= now)
            {
                End(survey);
            }
        }
    }

    private Instant NextSurvey()
    {
        var next = Instant.Never;
        foreach (var survey in _surveys.Values)
        {
            next = Instant.Min(next, survey.Due);
        }

        return next;
    }

    private void End(SurveyState survey)
    {
        _surveys.Remove(survey.Number);
        _surveyed.Enqueue(new SurveyResult(
            survey.Number, survey.Id, survey.Newest, survey.Asked, survey.Asked - survey.Waiting.Count)
        {
            Holders = survey.Holders,
            HoldersAnswered = Math.Min(survey.Holders, survey.OfHolders.Count),
            HoldersKnowing = Math.Min(survey.Holders, survey.OfHolders.Count(version => version >= survey.Newest)),
        });
    }

    private sealed class SurveyState(long number, ResourceId id, Instant due)
    {
        public long Number => number;

        public ResourceId Id => id;

        public Instant Due => due;

        public ReplicaVersion Newest { get; set; } = ReplicaVersion.None;

        public HashSet<NodeId> Waiting { get; } = [];

        /// <summary>What holders that answered know of, this node among them.</summary>
        public List<ReplicaVersion> OfHolders { get; } = [];

        public int Holders { get; set; }

        public int Asked { get; set; }
    }
}
