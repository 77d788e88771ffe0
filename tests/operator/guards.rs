//! Guards that no clock decides: what each flow costs in calls and writes, and that nothing is left of
//! what is gone.

mod flows;
mod growth;
