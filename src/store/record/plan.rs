//! Records of plans and of the money they cost, shared by events and sessions.

use super::mirror::{Mirror, mirror};
use crate::session::{
    Account, Action, Bill, ConversationWish, Cost, Impossible, Ledger, ModelTier, Plan, PlanSource, Reserve, Role,
    Strategy, TaskState, TaskUpdate, WorkerDollars,
};
use crate::words::{AttemptId, CriterionId, Money, SessionId, TaskId, Usage};

mirror!(struct Plan => PlanV1 {
    analysis: String,
    strategy: Strategy,
    action: Action,
    conversation: ConversationWish,
    tasks: Vec<TaskUpdate>,
    impossible: Option<Impossible>,
    question: Option<String>,
});

mirror!(struct Action => ActionV1 {
    title: String,
    prompt: String,
    criteria: Vec<CriterionId>,
    agent: Option<String>,
    tier: ModelTier,
});

mirror!(enum Strategy => StrategyV1 { Proceed, RetryModified, Alternative, Partial, Escalate });

mirror!(enum ModelTier => ModelTierV1 { Light, Standard, Strong });

mirror!(enum ConversationWish => ConversationWishV1 { Continue, Fresh });

mirror!(struct TaskUpdate => TaskUpdateV1 { id: TaskId, text: String, state: TaskState });

mirror!(enum TaskState => TaskStateV1 { Pending, Completed, Dropped });

mirror!(struct Impossible => ImpossibleV1 { criterion: CriterionId, why: String });

mirror!(enum PlanSource => PlanSourceV1 {
    Model { model: String },
    Checklist { instead_of: Option<String> },
});

mirror!(enum Role => RoleV1 { Manager, Worker, Judge });

mirror!(enum Cost => CostV1 { Reported(amount: Money), Estimated(amount: Money), Equivalent(amount: Money), Free });

mirror!(struct Bill => BillV1 {
    role: Role,
    cost: Cost,
    usage: Usage,
    calls: u32,
    from_cache: bool,
    #[serde(default)]
    paid_by: Option<AttemptId>,
});

mirror!(struct Account => AccountV1 {
    reported: Money,
    estimated: Money,
    equivalent: Money,
    usage: Usage,
    calls: u64,
});

mirror!(struct Reserve => ReserveV1 {
    attempt: AttemptId,
    role: Role,
    amount: Money,
    session: Option<SessionId>,
    dollars: WorkerDollars,
});

/// The ledger keeps its fields to itself; accounts are pairs because a role is no JSON key.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct LedgerV1 {
    accounts: Vec<(RoleV1, AccountV1)>,
    open: Option<ReserveV1>,
    lost: Vec<ReserveV1>,
}

impl Mirror for Ledger {
    type Record = LedgerV1;

    fn to_record(&self) -> LedgerV1 {
        let account = |(role, account): (&Role, &Account)| (role.to_record(), account.to_record());
        LedgerV1 {
            accounts: self.accounts().iter().map(account).collect(),
            open: self.open().map(Reserve::to_record),
            lost: self.lost().iter().map(Reserve::to_record).collect(),
        }
    }

    fn from_record(record: LedgerV1) -> Self {
        let LedgerV1 { accounts, open, lost } = record;
        let accounts =
            accounts.into_iter().map(|(role, account)| (Role::from_record(role), Account::from_record(account)));
        Self::restore(accounts.collect(), Option::from_record(open), Vec::from_record(lost))
    }
}
